"""The tables of soak_tables.sql, as far as the account has to know them."""
import dataclasses

from values import COLUMNS


@dataclasses.dataclass(frozen=True)
class Table:
    key: tuple = ("id",)
    refs: dict = dataclasses.field(default_factory=dict)  # column: (table, column, is it set to null)
    owned: frozenset = frozenset()  # columns that triggers write as they please
    identity: str = "uid"


CUT = True
TABLES = {
    "area": Table(key=("key",)),
    "person": Table(owned=frozenset({"stamp"})),
    "project": Table(refs={"area": ("area", "key", False)}, owned=frozenset({"updated_at", "tasks"})),
    "task": Table(refs={"project": ("project", "id", False), "parent": ("task", "id", False)}),
    "note": Table(refs={"task": ("task", "id", CUT), "person": ("person", "id", CUT)}),
    "member": Table(key=("project", "person"),
                    refs={"project": ("project", "id", False), "person": ("person", "id", False)}),
    "entry": Table(key=(), refs={"task": ("task", "id", False)}),
    "piece": Table(refs={"project": ("project", "id", False)}),
    "audit": Table(identity="id"),
}
MOVED = "_moved"  # what a table is called while it is renamed
EXTRA = "extra_"  # columns that come and go beside; they are not counted
GROUPED = [name for name in TABLES if name != "audit"]
ADDRESSED = [name for name in GROUPED if TABLES[name].key]


def base(name):
    """What the table is called here, of a partition and of one that is renamed just now."""
    name = name.removesuffix(MOVED)
    return "piece" if name.startswith("piece_") else name


def counted(row):
    """Without NULLs, which the log leaves out of old rows, and without what is not counted."""
    return {name: value for name, value in row.items() if value is not None and not name.startswith(EXTRA)}


def differing(one, other):
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def select(name):
    """The counted columns of a table, and the query for them."""
    table = TABLES[name]
    columns = ["id", "what", "of"] if name == "audit" else [
        *dict.fromkeys([*table.key, *table.refs, *sorted(table.owned), *(["email"] if name == "person" else []),
                        "uid", "ver", *COLUMNS, "size"])]
    return columns, f"SELECT {', '.join(columns)} FROM {name}"
