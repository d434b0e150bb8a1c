"""What the database has committed, transaction by transaction, out of its own write-ahead log: no trigger,
no table and no client has to be believed, and nothing of it is lost when a server or a service is killed."""
import io
import re

from cluster import rows

SLOT = "soak"
# test_decoding writes `name[type]:value` with the value quoted where it is no number.
COLUMN = re.compile(r"""(new-tuple:\ )|("(?:[^"]|"")+"|\w+)\[((?:[^\[\]]|\[\])*)\]:('(?:[^']|'')*'|\S+)(?:\ |$)""",
                    re.X)
CHANGE = re.compile(r'table ("(?:[^"]|"")+"|\w+)\.("(?:[^"]|"")+"|\w+): (\w+): (?:old-key: )?')
TOASTED = "unchanged-toast-datum"
# As trashd writes values, so that both can be compared as texts.
SESSION = ("SET datestyle = 'ISO, YMD'; SET intervalstyle = postgres; SET timezone = 'UTC'; SET bytea_output = hex; "
           "SET extra_float_digits = 1")


class Change:
    """One row: operation, and old and new as dictionaries of output texts; columns that are NULL may be missing."""

    __slots__ = ("schema", "table", "kind", "old", "new")

    def __init__(self, text):
        head = CHANGE.match(text)
        self.schema, self.table, self.kind = head[1].strip('"'), head[2].strip('"'), head[3]
        self.old, self.new = {}, {}
        into = self.new if self.kind == "INSERT" else self.old
        if self.kind == "UPDATE" and ": old-key: " not in text[:head.end()]:
            into = self.new
        for found in COLUMN.finditer(text, head.end()):
            if found[1]:
                into = self.new
            else:
                into[found[2].strip('"')] = plain(found[4])
        for name in [name for name, value in self.new.items() if value is TOASTED]:
            self.new[name] = self.old.get(name, TOASTED)


def plain(value):
    if value[0] == "'":
        return value[1:-1].replace("''", "'")
    return None if value == "null" else TOASTED if value == TOASTED else value


def number(lsn):
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


def begin(connection):
    rows(connection, "SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", (SLOT,))


class Stream:
    """Reads on from where it was. A server that crashed may tell again what it told before."""

    def __init__(self):
        self.last = 0

    def read(self, connection):
        """Yields (transaction, changes) in the order of the commits."""
        rows(connection, SESSION)
        with connection.cursor() as cursor:
            cursor.execute("SELECT lsn, xid, data FROM pg_logical_slot_get_changes(%s, NULL, NULL, "
                           "'include-timestamp', 'off')", (SLOT,))
            changes = []
            for lsn, xid, data in cursor:
                if data.startswith("table "):
                    changes.append(data)
                elif data.startswith("BEGIN"):
                    changes = []
                elif number(lsn) > self.last:
                    self.last = number(lsn)
                    if changes:
                        yield xid, [Change(each) for each in changes]


def copied(connection, query):
    """Rows of output texts, as COPY writes them; None for NULL."""
    out = io.StringIO()
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", out)
    return [[field(each) for each in line.split("\t")] for line in out.getvalue().split("\n")[:-1]]


ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def field(text):
    if text == "\\N":
        return None
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


def elements(text):
    """The elements of the output text of a flat array."""
    found = re.finditer(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)', text[text.index("{") + 1:-1], re.S)
    return [None if each[2] == "NULL" else each[2] if each[2] is not None
            else re.sub(r"\\(.)", r"\1", each[1], flags=re.S) for each in found]
