"""What every table of a database holds, and how two such pictures differ."""
import collections

from cluster import rows, value

# A column's name goes before that of its table, hence one that no column has.
ROW = '"the row"::text COLLATE "C"'


# More rows than these are not kept as texts, but added up as hashes, which needs no sorting.
LONG = 1000
TEXTS = f"array_agg({ROW} ORDER BY {ROW})"
HASHES = f"ARRAY['hash ' || sum(hashtextextended({ROW}, 0))]"


class Content:
    """Pictures are {table: (number of rows, their sorted texts)}, of a partitioned table with its partitions, of others
    without their children."""

    def __init__(self, connection, catalog):
        self.connection = connection
        self.paths = {table.oid: table.path for table in catalog.tables.values()}
        parts = [self.part(table) for table in catalog.tables.values()]
        # Prepared, since planning as many parts as a database has tables takes longer than reading them.
        rows(connection, "SET plan_cache_mode = force_generic_plan")
        rows(connection, "PREPARE content AS " + " UNION ALL ".join(parts or ["SELECT 0::oid, 0, NULL::text[]"]))

    def part(self, table):
        source = f"{'ONLY ' if table.kind == 'r' else ''}{table.sql}"
        texts = HASHES if value(self.connection, f"SELECT count(*) FROM {source}") > LONG else TEXTS
        return f"SELECT {table.oid}::oid, count(*), {texts} FROM {source} \"the row\""

    def now(self):
        found = rows(self.connection, "EXECUTE content")
        return {self.paths.get(oid): (count, texts or []) for oid, count, texts in found}


def differing(before, after):
    """{table: (rows that are there no more, rows that are there beside)}"""
    found = {}
    for path, was in before.items():
        if was != after[path]:
            old, new = collections.Counter(was[1]), collections.Counter(after[path][1])
            found[path] = (list((old - new).elements()), list((new - old).elements()))
    return found


def shrunk(before, after):
    """{table: by how many rows}"""
    counts = {path: was[0] - after[path][0] for path, was in before.items()}
    return {path: count for path, count in counts.items() if count}
