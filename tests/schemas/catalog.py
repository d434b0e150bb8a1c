"""The catalog of a database as values: tables with columns, types, keys, checks and partitions."""
import collections
import dataclasses
import re

from cluster import rows

# Tables that rows can be put into: not partitions (their root takes the rows), not those of extensions.
TABLES = """
SELECT c.oid, n.nspname, c.relname, c.relkind, c.oid::regclass::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'trashd', 'trashd_access')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 2, 3"""
COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2"""
TYPES = """
SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typtypmod, t.typrelid, t.typnotnull,
       coalesce(r.rngsubtype, m.rngsubtype), (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum e
       WHERE e.enumtypid = t.oid), (SELECT array_agg(pg_get_constraintdef(c.oid)) FROM pg_constraint c
       WHERE c.contypid = t.oid)
FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_range m ON m.rngmultitypid = t.oid"""
CONSTRAINTS = """
SELECT conrelid, conname, contype, conkey, confrelid, confkey, pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid <> 0 AND contype IN ('c', 'f') AND conparentid = 0 ORDER BY 1, 2"""
UNIQUE = """
SELECT i.indrelid, c.relname, string_to_array(i.indkey::text, ' ')::int2[]
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique OR i.indisexclusion"""
BOUNDS = """
SELECT i.inhparent, string_to_array(p.partattrs::text, ' ')::int2[], pg_get_expr(c.relpartbound, c.oid)
FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
WHERE c.relispartition AND c.relkind = 'r' AND i.inhparent = pg_partition_root(c.oid)"""
TRIGGERS = """
SELECT tgrelid, pg_partition_root(tgrelid)::oid FROM pg_trigger WHERE NOT tgisinternal"""


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def escaped(text):
    """For statements with parameters."""
    return text.replace("%", "%%")


@dataclasses.dataclass
class Type:
    oid: int
    name: str
    kind: str  # as in pg_type.typtype
    category: str
    element: int
    base: int
    modifier: int
    relation: int
    not_null: bool
    subtype: int
    labels: list
    checks: list


@dataclasses.dataclass
class Column:
    relation: int
    number: int
    name: str
    type: int
    modifier: int
    not_null: bool
    identity: str
    generated: str
    default: str

    @property
    def numbered(self):
        """A sequence gives its value."""
        return bool(self.identity) or "nextval(" in (self.default or "")


@dataclasses.dataclass
class Check:
    name: str
    columns: list
    text: str


@dataclasses.dataclass
class ForeignKey:
    name: str
    columns: list
    parent: int
    parent_columns: list


@dataclasses.dataclass
class Table:
    oid: int
    schema: str
    name: str
    kind: str
    sql: str
    columns: dict = dataclasses.field(default_factory=dict)
    checks: dict = dataclasses.field(default_factory=dict)
    foreign_keys: list = dataclasses.field(default_factory=list)
    unique: dict = dataclasses.field(default_factory=dict)
    bounds: list = dataclasses.field(default_factory=list)  # per partition: value by column
    triggers: int = 0

    @property
    def path(self):
        return f"{self.schema}.{self.name}"


class Catalog:
    def __init__(self, connection):
        self.types = {row[0]: Type(*row) for row in rows(connection, TYPES)}
        self.fields = collections.defaultdict(list)
        for row in rows(connection, COLUMNS):
            self.fields[row[0]].append(Column(*row))
        self.tables = {row[0]: Table(*row) for row in rows(connection, TABLES)}
        for table in self.tables.values():
            table.columns = {column.name: column for column in self.fields[table.oid]}
        self.read_constraints(connection)
        self.read_bounds(connection)
        for relation, root in rows(connection, TRIGGERS):
            if (root or relation) in self.tables:
                self.tables[root or relation].triggers += 1

    def names(self, relation, numbers):
        """Of a whole row or an expression: no name."""
        by_number = {column.number: column.name for column in self.fields[relation]}
        return [by_number[number] for number in numbers or [] if number in by_number]

    def read_constraints(self, connection):
        for relation, name, kind, key, parent, parent_key, text in rows(connection, CONSTRAINTS):
            if relation not in self.tables:
                continue
            table, columns = self.tables[relation], self.names(relation, key)
            if kind == "c":
                table.checks[name] = Check(name, columns or list(table.columns), text)
            elif parent in self.tables:
                table.foreign_keys.append(ForeignKey(name, columns, parent, self.names(parent, parent_key)))
        for relation, name, key in rows(connection, UNIQUE):
            if relation in self.tables:
                self.tables[relation].unique[name] = self.names(relation, key) or list(self.tables[relation].columns)

    def read_bounds(self, connection):
        for root, key, text in rows(connection, BOUNDS):
            if root not in self.tables or text == "DEFAULT":
                continue
            literals = re.findall(r"'((?:[^']|'')*)'|(-?\d+\.?\d*)|\b(MINVALUE)\b", text.split(" TO ")[0])
            values = [quoted.replace("''", "'") or number for quoted, number, _ in literals]
            columns = self.names(root, key)
            if "WITH" not in text and all(values[: len(columns)]):
                self.tables[root].bounds.append(dict(zip(columns, values)))
