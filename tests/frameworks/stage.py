"""A database of a test and the trashd that serves it: what is in its tables, what lies in its trash, and the way back."""
import contextlib
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))  # whose cluster and service these are

from cluster import rows  # noqa: E402
from service import CONFIG, Service  # noqa: E402

TABLES = """SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"""


class Faults:
    """Counts what was otherwise than it should be, and says it."""

    def __init__(self):
        self.held = 0
        self.fell = 0

    def expect(self, what, good, told=""):
        if good:
            self.held += 1
        else:
            self.fell += 1
            print(f"FAULT: {what}\n{told}".rstrip(), flush=True)

    def same(self, what, got, wanted):
        self.expect(what, got == wanted, f"  is     {got}\n  wanted {wanted}")


def contents(connection):
    """The rows of each table as PostgreSQL writes them, in an order that does not hang on where they lie."""
    return {table: [row for row, in rows(connection, f'SELECT t::text FROM {table} t ORDER BY t::text COLLATE "C"')]
            for table, in rows(connection, TABLES)}


@contextlib.contextmanager
def unwatched(connection):
    """Foreign keys and triggers of the tables rest meanwhile."""
    rows(connection, "SET session_replication_role = replica")
    try:
        yield
    finally:
        rows(connection, "RESET session_replication_role")


class Twin:
    """A database without trashd, in which a step can be taken again from the same rows."""

    def __init__(self, cluster, name):
        self.name = name
        self.connection = cluster.connect(name)
        self.tables = [table for table, in rows(self.connection, TABLES)]
        self.columns = {table: self.columns_of(table) for table in self.tables}
        rows(self.connection, "CREATE SCHEMA kept")
        for at, table in enumerate(self.tables):
            rows(self.connection, f"CREATE TABLE kept.t{at} AS TABLE {table}")

    def columns_of(self, table):
        """All that are not computed."""
        return rows(self.connection, """SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''""", [table])[0][0]

    def contents(self):
        return contents(self.connection)

    def begin_anew(self):
        with unwatched(self.connection):
            rows(self.connection, f"TRUNCATE {', '.join(self.tables)}")
            for at, table in enumerate(self.tables):
                rows(self.connection, f"INSERT INTO {table} ({self.columns[table]}) OVERRIDING SYSTEM VALUE "
                                      f"SELECT {self.columns[table]} FROM kept.t{at}")

    def close(self):
        self.connection.close()


class Stage:
    """A database whose deletes are captured, and the service that gives them back."""

    def __init__(self, program, cluster, name, config=""):
        self.program, self.cluster, self.name = program, cluster, name
        self.url = cluster.url(name)
        self.connection = cluster.connect(name)
        self.service = Service(program, self.url, cluster.folder / f"{name}.log", config=CONFIG + config)

    def command(self, *words):
        done = subprocess.run([self.program, *words, "--database", self.url], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"trashd {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def contents(self):
        return contents(self.connection)

    def groups(self):
        """The groups in the trash, the oldest first."""
        items = self.service.json("/v1/trash?root=true&limit=1000")
        return [self.service.json(f"/v1/groups/{item['groupId']}") for item in reversed(items)]

    def restore_all(self):
        """The newest first, since what an earlier one refers to may lie in a later one and the other way round."""
        for group in reversed(self.groups()):
            answer, body = self.service.ask("GET", f"/v1/trash/{group['root']['id']}")
            if answer.status == 410:  # came back with one that hung on it
                continue
            self.service.call("POST", f"/v1/trash/{group['root']['id']}/$restore?with=ancestors")

    def leftovers(self):
        """What capture keeps of transactions that run: nothing when none does."""
        return rows(self.connection, "SELECT count(*) FROM trashd.capture_part")[0][0]

    def close(self):
        self.connection.close()
        self.service.stop()


def summary(group):
    """Root's table and who deleted it, rows of each table, references that were cut, all that is compared."""
    counts, links = {}, {}
    for into, name in ((counts, "counts"), (links, "links")):
        for one in group[name]:
            into[one["resource"]] = into.get(one["resource"], 0) + one["count"]
    return {"root": group["root"]["resource"], "by": group["deletedBy"], "rows": counts, "cut": links}
