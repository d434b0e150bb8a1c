"""Rows to delete: made as needed, so that no id is used twice, and counted afterwards."""
from cluster import rows, value

GROUP_SIZE = 56


class Supply:
    """Ids of one kind in ascending order: 'singles' (time records) or groups of 56 rows."""

    def __init__(self, connection, kind):
        self.connection = connection
        self.kind = kind
        self.next = self.end = 0

    def ensure(self, amount):
        """The first of at least so many ids that were never used and follow each other."""
        missing = amount - (self.end - self.next)
        if missing > 0:
            first = self.make(missing)
            if first != self.end:  # others took ids of their own meanwhile
                self.next = first
                self.end = first + missing
                return self.ensure(amount)
            self.end += missing
        return self.next

    def make(self, amount):
        groups = f"supply.groups(%s, {GROUP_SIZE})"
        call = "supply.singles(%s)" if self.kind == "singles" else groups
        first = value(self.connection, f"SELECT {call}", (amount,))
        rows(self.connection, "VACUUM ANALYZE project, task, member, time_record")
        return first

    def use(self, amount):
        self.next += amount
        if self.next > self.end:
            raise SystemExit(f"ran out of {self.kind}: a round was faster than expected")

    def left(self, first, used):
        table = "time_record" if self.kind == "singles" else "project"
        return value(
            self.connection,
            f"SELECT count(*) FROM {table} WHERE id >= %s AND id < %s",
            (first, first + used),
        )
