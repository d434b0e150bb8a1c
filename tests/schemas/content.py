"""What every table of a database holds, and how two such pictures differ."""
import collections

from cluster import rows

# A column's name goes before that of its table, hence one that no column has.
ROW = '"the row"::text COLLATE "C"'


class Content:
    """Pictures are {table: rows as sorted text}: of a partitioned table with its partitions, else without children."""

    def __init__(self, connection, catalog):
        self.connection = connection
        parts = [
            f"SELECT '{table.oid}'::oid, array_agg({ROW} ORDER BY {ROW}) FROM "
            f"{'ONLY ' if table.kind == 'r' else ''}{table.sql} \"the row\""
            for table in catalog.tables.values()
        ]
        self.paths = {table.oid: table.path for table in catalog.tables.values()}
        # Prepared, since planning as many parts as a database has tables takes longer than reading them.
        rows(connection, "SET plan_cache_mode = force_generic_plan")
        rows(connection, "PREPARE content AS " + " UNION ALL ".join(parts or ["SELECT 0::oid, NULL::text[]"]))

    def now(self):
        return {self.paths.get(oid): texts or [] for oid, texts in rows(self.connection, "EXECUTE content")}


def differing(before, after):
    """{table: (rows that are there no more, rows that are there beside)}"""
    found = {}
    for path, was in before.items():
        if was != after[path]:
            old, new = collections.Counter(was), collections.Counter(after[path])
            found[path] = (list((old - new).elements()), list((new - old).elements()))
    return found


def shrunk(before, after):
    """{table: by how many rows}"""
    return {path: len(was) - len(after[path]) for path, was in before.items() if len(was) != len(after[path])}
