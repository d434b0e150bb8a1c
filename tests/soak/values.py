"""The values that a row must have: those of row `uid` in its version `ver` follow from these two alone,
so that each place where a row turns up can be looked at by itself."""
import hashlib
import json
import zlib

LONG = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(150))  # goes out of line

PLAIN = [None, '[1, 2.50, {"a b" : "é"}]', "7.00"]
# Per column values that were lost or altered somewhere before: what PostgreSQL reads. Documents are no
# objects, which a PATCH would merge into what is there.
TEXTS = {
    "label": ["", " ", "it's", '"', "\\", "a\tb\nc\rd", "ünï 🎉 \u200b", "{", "NULL", "\\N", "\\.", "$$%s$1", LONG],
    "doc": [None, "[]", '[1, 2.50, -0.0, 1e40]', '[{"a": {"b": [null, true]}, "a b": "\\u00e9\\n"}]', '"x"',
            "12345678901234567890.1234567890"],
    "raw": [None, "\\x", "\\x00ff5c27", "\\x" + LONG[:4000]],
    "amount": [None, "0", "1.00", "-0.10", "NaN", "1" + 40 * "0" + ".5", "Infinity"],
    "tags": [None, "{}", '{"a b",NULL,"NULL","\\""}', "[2:3]={x,y}", "{{a,b},{c,d}}", '{"\\\\","{}",""}'],
    "place": [None, "(,,)", '(1,"a,""b","{1.0,NULL}")', '(-5,"",{})'],
    "grade": [None, "low", 'it\'s "high"', "a,b"],
    "fixed": [None, "", "ab", "  ab  "],
    "moment": [None, "infinity", "0044-03-15 12:00:00+00 BC", "2024-02-29 23:59:59.999999+00"],
    "span": [None, "1 mon -2 days 00:00:00.000001", "-1 years", "00:00:00"],
    "ratio": [None, "-0", "NaN", "0.1", "1e-300", "-Infinity", "0.30000000000000004"],
    "js": [*PLAIN, '[1, 2.50, {"a":1,"a":2}]', '"\\u00e9"', "1e400"],
}
COLUMNS = list(TEXTS)
TYPES = {"label": "text", "doc": "jsonb", "raw": "bytea", "amount": "numeric", "tags": "text[]", "place": "spot",
         "grade": "grade", "fixed": "char(8)", "moment": "timestamptz", "span": "interval",
         "ratio": "float8", "js": "json"}
JSON = {"doc", "js"}


def choice(uid, ver, column):
    return zlib.crc32(f"{uid}/{ver}/{column}".encode()) % len(TEXTS[column])


def given(uid, ver):
    """What is sent to the database, in the order of COLUMNS."""
    values = [TEXTS[column][choice(uid, ver, column)] for column in COLUMNS]
    values[0] = f"{uid}.{ver} {values[0]}"
    return values


def as_json(uid, ver):
    """The same as members of a JSON object. Built as text, since numbers must keep their digits."""
    pairs = zip(COLUMNS, given(uid, ver))
    return [f'"uid":{uid},"ver":{ver}'] + [
        f'"{name}":{value if name in JSON and value is not None else json.dumps(value)}' for name, value in pairs]


def sendable(uid, ver):
    """Whether HTTP takes the values as they are: it refuses names that stand twice and numbers that are no doubles, and
    may write characters otherwise."""
    return TEXTS["js"][choice(uid, ver, "js")] in PLAIN


class Canon:
    """How the database writes each of the values, asked once."""

    def __init__(self, read):
        """read(sql) gives rows of the output texts of a query."""
        self.texts = {column: read(" UNION ALL ".join(
            f"SELECT {quoted(text)}::{TYPES[column]}" for text in texts)) for column, texts in TEXTS.items()}

    def fault(self, row):
        """The first column of the row, a dictionary of texts, that is not as it must be."""
        uid, ver = row["uid"], row["ver"]
        if row.get("label") != given(uid, ver)[0]:
            return "label"
        for column in COLUMNS[1:]:
            if row.get(column) != self.texts[column][choice(uid, ver, column)][0]:
                return column
        return None


def quoted(text):
    return "NULL" if text is None else "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
