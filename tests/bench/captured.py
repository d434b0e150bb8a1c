"""Deletes that others send: what capture costs them beside none, and beside the archive trigger that one
writes by hand (for each statement, jsonb). Processor time of the backend, for other work runs beside."""
import contextlib
import pathlib
import re
import statistics
import subprocess

from cluster import rows, value

TABLES = """
CREATE TABLE client (id int PRIMARY KEY, name text, at timestamptz DEFAULT now());
CREATE TABLE project (id int PRIMARY KEY, client_id int REFERENCES client ON DELETE CASCADE, name text);
CREATE INDEX ON project (client_id);
CREATE TABLE task (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project ON DELETE CASCADE,
    note text, hours numeric, at timestamptz DEFAULT now());
CREATE INDEX ON task (project_id);
CREATE TABLE leaf (id int PRIMARY KEY, name text, hours numeric, at timestamptz DEFAULT now());
"""
# A client has 5 projects, each of these 10 tasks: 56 rows.
ROWS = """
INSERT INTO client SELECT n, 'client ' || n FROM generate_series(1, {groups}) n;
INSERT INTO project SELECT n, 1 + n % {groups}, 'project ' || n FROM generate_series(1, {groups} * 5) n;
INSERT INTO task SELECT n, 1 + n % ({groups} * 5), 'some note of ' || n, n / 7.0
FROM generate_series(1, {groups} * 50) n;
INSERT INTO leaf SELECT n, 'leaf ' || n, n / 3.0 FROM generate_series(1, {leaves}) n;
ANALYZE;
"""
ARCHIVE = """
CREATE TABLE archive (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, of text, gone jsonb,
    at timestamptz, by text);
CREATE FUNCTION archive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO archive (of, gone, at, by) SELECT TG_TABLE_NAME, to_jsonb(g), now(), session_user FROM gone g;
    RETURN NULL; END $$;
""" + "".join(
    f"CREATE TRIGGER archive AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
    "FOR EACH STATEMENT EXECUTE FUNCTION archive();"
    for table in ("client", "project", "task", "leaf")
)
SIDES = ("plain", "archive", "captured")
WARM_UP = 20


class Side:
    """One database, and the backend that deletes in it."""

    def __init__(self, cluster, program, name, shape):
        self.connection = cluster.connect(cluster.create(f"side_{name}"))
        rows(self.connection, TABLES)
        if name == "archive":
            rows(self.connection, ARCHIVE)
        elif name == "captured":
            command = [program, "capture", "on", "client", "leaf", "--database", cluster.url("side_captured")]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows(self.connection, ROWS.format(**shape))
        rows(self.connection, "SET synchronous_commit = off")
        self.pid = value(self.connection, "SELECT pg_backend_pid()")
        self.next = {"leaf": 1, "client": 1}
        for table in self.next:
            self.delete(table, WARM_UP)

    def busy_us(self):
        return int(pathlib.Path(f"/proc/{self.pid}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e3

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def delete(self, table, count):
        """µs of each of so many deletes, one row by its key and a transaction each."""
        before, first = self.busy_us(), self.next[table]
        self.next[table] += count
        for number in range(first, first + count):
            rows(self.connection, f"DELETE FROM {table} WHERE id = {number}")
        return (self.busy_us() - before) / count

    def delete_rest(self):
        """µs of each row, of what is left in one statement."""
        before, count = self.busy_us(), value(self.connection, "SELECT count(*) FROM leaf")
        rows(self.connection, "DELETE FROM leaf")
        return (self.busy_us() - before) / count


def measure(cluster, program, turns, rest):
    """µs by what is deleted and by side, the least of the turns: they are taken one side after the
    other, so that what disturbs one disturbs all. rest: how many rows one statement deletes."""
    count = {"leaf": 50, "client": 10}
    shape = {"groups": WARM_UP + turns * count["client"], "leaves": WARM_UP + turns * count["leaf"] + rest}
    with contextlib.ExitStack() as stack:
        sides = {}
        for name in SIDES:
            stack.callback(cluster.drop, f"side_{name}")
            sides[name] = Side(cluster, program, name, shape)
            stack.callback(sides[name].connection.close)
        found = {"leaf": {name: [] for name in SIDES}, "client": {name: [] for name in SIDES}}
        for _ in range(turns):
            for table, by_side in found.items():
                for name, side in sides.items():
                    by_side[name].append(side.delete(table, count[table]))
        result = {
            what: {name: min(taken) for name, taken in found[table].items()}
            for what, table in (("row_us", "leaf"), ("group_us", "client"))
        }
        medians = {name: statistics.median(taken) for name, taken in found["leaf"].items()}
        result["row_median_us"] = medians
        result["of_many_us"] = {name: side.delete_rest() for name, side in sides.items()}
        result["many"] = rest
        result["peak_mib"] = {name: side.peak_mib() for name, side in sides.items()}
        return {"captured": result}
