"""Values of any type as PostgreSQL's input text: nasty ones, tame ones, and some that a check may want."""
import re
import uuid

NASTY = [
    "", " ", "a,b", "%2C", "100%", "../..", "?a=b&c#d", "it's", 'say "hi"', "back\\slash", "\\N", "NULL",
    "{}", "{a,NULL}", "(x,)", "tab\there", "two\nlines", "\r\n", "trailing ", "ěščřžýáíé", "e\u0301", "\u202eright",
    "😀", "日本語", "\u0001\u007f", "@deleted", "$metadata", "'; --", "long " + "x" * 3000,
]
WORDS = ["a", "ab", "Ann", "ann@example.org", "https://example.org/1", "a-b", "a_b", "A1", "1", "0", "t", "en", "CZ", "/a",
         "x.y"]
GEOMETRY = {
    "point": "(1,{n})", "line": "{{1,2,{n}}}", "lseg": "[(1,2),(3,{n})]", "box": "(3,{n}),(1,0)",
    "path": "((1,2),(3,{n}))", "polygon": "((0,0),(1,0),(1,{n}))", "circle": "<(1,2),{n}>", "cube": "(1,{n})",
}
PLAIN = {
    "inet": "10.0.{h}.{l}/8", "cidr": "10.{h}.{l}.0/24", "macaddr": "08:00:2b:01:{h:02x}:{l:02x}",
    "macaddr8": "08:00:2b:01:02:03:{h:02x}:{l:02x}", "money": "{n}.25", "pg_lsn": "0/{n:X}", "xml": "<a>{n}</a>",
    "tsvector": "'word''s':1A fat:{n}", "tsquery": "'fat' & !rat{n}",
    "hstore": '"k {n}"=>"v\\"", b=>NULL', "ltree": "a.b.n{n}",
    "lquery": "a.*", "ltxtquery": "a & b", "txid_snapshot": "10:20:10,14", "pg_snapshot": "10:20:10,14",
    "xid": "{n}", "xid8": "{n}", "cid": "{n}", "tid": "(0,{n})", "regclass": "pg_class", "regtype": "int4", "regproc": "now",
    "regprocedure": "now()", "regrole": "pg_monitor", "regnamespace": "pg_catalog", "regconfig": "english", "regdictionary": "simple",
    "regcollation": '"C"', "jsonpath": "$.a[*]", "geometry": "POINT(1 {n})", "geography": "POINT(1 2)", "isbn": "0-393-04002-X",
    "earth": "(1,2,3)", "query_int": "1&2", "oid": "{n}", "int2vector": "1 {n}", "oidvector": "1 {n}",
}
JSON = ['{{"a": {n}, "a": "dup\\u00e9", "n": null}}', "[]", "null", '"{n}"', "{n}", '{{"x": [1.50, -0, true]}}', "{{}}"]
TIMES = {
    "timestamp": ["2020-02-29 23:59:59.999999", "0044-03-15 12:00:00 BC", "infinity", "1999-12-31 00:00:00"],
    "timestamptz": ["2020-03-29 02:30:00+05:30", "-infinity", "1900-01-01 00:00:00.000001+00"],
    "date": ["2020-02-29", "infinity", "0044-03-15 BC"], "time": ["24:00:00", "00:00:00.000001"],
    "timetz": ["12:00:00+05:30", "23:59:59-12"], "interval": ["1 mon -1 days +02:03:04.5", "-1 years", "36:00:00"],
}
FLOATS = ["NaN", "-0", "Infinity", "-Infinity", "1e-300", "0.1"]


class Values:
    """One maker for a database. `n` makes a value differ from the others; `nasty` is worth a try first."""

    def __init__(self, catalog, chance):
        self.catalog, self.chance = catalog, chance

    def make(self, type_oid, modifier, n, nasty=False):
        kind = self.catalog.types[type_oid]
        if kind.kind == "d":
            return self.make(kind.base, kind.modifier, n, nasty)
        if kind.kind == "e":
            return self.chance.choice(kind.labels) if kind.labels else None
        if kind.kind == "r":
            return self.range(kind, n, nasty)
        if kind.kind == "m":
            return "{" + self.range(kind, n, False) + "}"
        if kind.kind == "c":
            return self.composite(kind, n, nasty)
        if kind.category == "A" and kind.element:
            return self.array(kind, modifier, n, nasty)
        return self.base(kind.name, modifier, n, nasty)

    def range(self, kind, n, nasty):
        if nasty and self.chance.random() < 0.3:
            return self.chance.choice(["empty", "(,)"])
        low = self.make(kind.subtype, -1, n)
        return f'["{low}",)' if nasty and self.chance.random() < 0.2 else f'["{low}","{low}"]'

    def composite(self, kind, n, nasty):
        parts = [self.make(field.type, field.modifier, n, nasty) for field in self.catalog.fields[kind.relation]]
        return "(" + ",".join("" if part is None else quoted(part) for part in parts) + ")"

    def array(self, kind, modifier, n, nasty):
        count = self.chance.randint(0 if nasty else 1, 3)
        elements = [self.make(kind.element, modifier, n + i, nasty) for i in range(count)]
        text = "{" + ",".join(["NULL" if each is None else quoted(each) for each in elements]) + "}"
        if nasty and elements and self.chance.random() < 0.3:
            return f"[0:{len(elements) - 1}]={text}"
        return text

    def base(self, name, modifier, n, nasty):
        if name in ("text", "varchar", "bpchar", "citext", "name", "char"):
            return self.text(name, modifier, n, nasty)
        if name in ("int2", "int4", "int8"):
            return str(-n if nasty and self.chance.random() < 0.1 else n)
        if name in ("numeric", "float4", "float8"):
            return self.number(name, modifier, n, nasty)
        if name in TIMES:
            return self.time(name, n, nasty)
        if name in ("json", "jsonb"):
            return (self.chance.choice(JSON) if nasty else '{{"a": {n}}}').format(n=n)
        return self.other(name, modifier, n)

    def other(self, name, modifier, n):
        if name == "bool":
            return self.chance.choice(["t", "f"])
        if name == "uuid":
            return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        if name == "bytea":
            return "\\x00ff27" + f"{n:08x}"
        if name in ("bit", "varbit"):
            return f"{n:064b}"[-max(modifier, 1):]
        if name in GEOMETRY:
            return GEOMETRY[name].format(n=n)
        if name in ("vector", "halfvec"):
            return "[" + ",".join(["1"] * max(modifier, 1)) + "]"
        return PLAIN.get(name, "{n}").format(n=n, h=n // 250 % 250, l=n % 250)

    def text(self, name, modifier, n, nasty):
        room = {"name": 63, "char": 1}.get(name, modifier - 4 if modifier > 4 else 100000)
        if nasty:
            word = self.chance.choice(NASTY)
            return (word if self.chance.random() < 0.3 else f"{word}{n}")[:room]
        return f"{self.chance.choice(WORDS)}{n}"[-room:] if room < 8 else f"word{n}"[:room]

    def number(self, name, modifier, n, nasty):
        if name == "numeric" and modifier > 4:
            precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
            return f"{n % 10 ** max(0, precision - scale)}" + (".5" if 0 < scale <= precision else "")
        if name == "numeric":
            return self.chance.choice(["NaN", "1.00", f"{n}.000", f"-{n}e-20"]) if nasty else f"{n}.5"
        return self.chance.choice(FLOATS) if nasty else f"{n}.5"

    def time(self, name, n, nasty):
        if nasty:
            return self.chance.choice(TIMES[name])
        day, clock = f"2021-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}", f"10:{n // 60 % 60:02}:{n % 60:02}"
        plain = {"date": day, "time": clock, "timetz": clock + "+00", "interval": f"{n} hours"}
        return plain.get(name, f"{day} {clock}")

    def wanted(self, column, checks, n):
        """One that may pass the checks: of their literals, of their numbers, or an ordinary one."""
        kind = self.catalog.types[column.type]
        texts = list(checks)
        while kind.kind == "d":
            texts += kind.checks or []
            kind = self.catalog.types[kind.base]
        choices = [self.make(column.type, column.modifier, n), None]
        for text in texts:
            choices += candidates(text, kind)
        if kind.category == "S":
            choices += [word + str(n) for word in WORDS] + WORDS
        choices += {"B": ["t", "f"], "N": ["0", "1", "-1", "100"], "A": ["{}"]}.get(kind.category, [])
        choice = self.chance.choice(choices)
        return choice if choice is not None or not column.not_null else choices[0]


def candidates(check, kind):
    """What a check's text names, and its neighbours."""
    words = [word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", check)]
    numbers = [int(number) for number in re.findall(r"\b\d{1,9}\b", check)]
    beside = [number + by for number in numbers for by in (-1, 0, 1)]
    if kind.category == "N":
        return [str(number) for number in beside] + [word for word in words if word.isdigit()]
    if kind.category == "S":
        filled = ["0123456789abcdef" * 64, "a" * 1024]
        return words + [text[:number] for number in beside if 0 <= number <= 1000 for text in filled]
    if kind.category == "A":
        return ["{" + quoted(word) + "}" for word in words]
    return words


def quoted(text):
    """Inside an array or a row."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
