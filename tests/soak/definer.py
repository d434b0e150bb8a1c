"""Changes the definitions of the tables while all the rest goes on."""
import collections
import time

from cluster import rows
from pick import Database, Lost
from tables import EXTRA, GROUPED, MOVED


class Definer:
    """Changes the definitions of the tables while all the rest goes on."""

    def __init__(self, _, stand, random):
        self.random = random
        self.counts = collections.Counter()
        self.database = Database(stand, self.counts)
        self.number = 0

    @property
    def name(self):
        return f"{EXTRA}{self.number}"

    def turn(self):
        self.number += 1
        table = self.random.choice(GROUPED)
        act = self.random.choice([self.column, self.index, self.rename, self.reference, self.trigger, self.statistics,
                                  self.scratch])
        self.counts["DDL " + act.__name__] += 1
        act(table)

    def close(self):
        self.database.close()

    def run(self, *statements):
        with self.database.transaction() as connection:
            rows(connection, "SET LOCAL lock_timeout = '1s'")
            for statement in statements:
                rows(connection, statement)

    def alone(self, statement):
        """For what no transaction may hold."""
        with self.database.transaction() as connection:
            connection.autocommit = True
            try:
                rows(connection, statement)
            finally:
                if not connection.closed:
                    connection.autocommit = False

    def nap(self):
        time.sleep(self.random.random() * 0.5)

    def beside(self, does, undoes):
        """For a while. Nothing of it may stay, whatever a crash left unknown."""
        try:
            self.run(does)
            self.nap()
        except Lost:
            pass
        for _ in range(200):
            try:
                return self.run(undoes)
            except Lost:
                self.nap()
        raise RuntimeError(f"cannot be done: {undoes}")

    def column(self, table):
        kind = self.random.choice(["int", "int DEFAULT 7", "text DEFAULT 'x'", "timestamptz DEFAULT clock_timestamp()"])
        self.beside(f"ALTER TABLE {table} ADD COLUMN {self.name} {kind}",
                    f"ALTER TABLE {table} DROP COLUMN IF EXISTS {self.name}")

    def index(self, table):
        self.beside(f"CREATE INDEX {self.name} ON {table} (amount, uid)", f"DROP INDEX IF EXISTS {self.name}")

    def rename(self, table):
        self.beside(f"ALTER TABLE {table} RENAME TO {table}{MOVED}",
                    f"ALTER TABLE IF EXISTS {table}{MOVED} RENAME TO {table}")

    def reference(self, _):
        """A second way from notes to tasks, which may take them along instead."""
        action = self.random.choice(["CASCADE", "SET NULL", "NO ACTION"])
        self.beside(f"ALTER TABLE note ADD CONSTRAINT {self.name} FOREIGN KEY (task) REFERENCES task "
                    f"ON DELETE {action}",
                    f"ALTER TABLE note DROP CONSTRAINT IF EXISTS {self.name}")

    def trigger(self, table):
        self.beside(f"CREATE TRIGGER {self.name} AFTER INSERT OR DELETE ON {table} FOR EACH ROW "
                    "EXECUTE FUNCTION soak.told()", f"DROP TRIGGER IF EXISTS {self.name} ON {table}")

    def statistics(self, table):
        self.alone(self.random.choice([f"ANALYZE {table}", f"VACUUM {table}", f"VACUUM ANALYZE {table}",
                                       "ANALYZE trashd.item"]))

    def scratch(self, _):
        self.run("INSERT INTO scratch SELECT count(*) + 1 + COALESCE(max(id), 0) FROM scratch", "TRUNCATE scratch")
