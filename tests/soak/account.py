"""The account: where each row is and what it looks like, kept from the log of the database alone. Each
transaction is judged when it is entered; what it did that nobody may do is a finding."""
import collections
import dataclasses
import json

from stream import elements
from tables import TABLES, base, counted, differing


@dataclasses.dataclass
class Group:
    uuid: str
    size: int
    state: str = "trashed"
    root: tuple = ()  # (table, uid)
    items: set = dataclasses.field(default_factory=set)  # ordinals that are in the trash
    cuts: list = dataclasses.field(default_factory=list)  # (table, uid, column, value) set to null


@dataclasses.dataclass
class Entry:
    """Of trashd's ledger."""

    action: str
    group: str
    transaction: str


class Account:
    def __init__(self, canon):
        self.canon = canon
        self.live = {name: {} for name in TABLES}
        self.trash = {}  # (group, ordinal): (table, uid, row)
        self.places = {}  # (table, uid): (group, ordinal)
        self.gone = {}  # (table, uid): why
        self.groups, self.uuids = {}, {}
        self.shapes = {}
        self.cut = collections.defaultdict(list)  # (table, uid, column): [(group, value)], oldest first
        self.written = collections.defaultdict(set)  # uid: versions that were committed
        self.ledger = collections.defaultdict(list)  # request: entries
        self.findings = []
        self.counts = collections.Counter()

    def find(self, kind, text):
        """kind: lost, doubled, altered or wrong."""
        self.findings.append((kind, text))

    def enter(self, number, changes):
        self.counts["transactions"] += 1
        Transaction(self, number).enter(changes)

    def rows_made(self):
        return sum(map(len, self.live.values())) + len(self.trash) + len(self.gone)


class Transaction:
    def __init__(self, account, number):
        self.account, self.number = account, number
        self.before = {}  # (table, uid): the row before, or None
        self.went = {}  # (table, uid): the row that was deleted
        self.put, self.taken = {}, {}  # (group, ordinal): (table, uid, row)
        self.made, self.ended = [], {}  # groups; group: state
        self.hard = 0  # rows that the ledger says were deleted for good
        self.entries = 0
        self.marked = False
        self.back = set()  # (table, uid) that left the trash

    def enter(self, changes):
        # Items are written before their group is.
        for change in sorted(changes, key=lambda each: each.table not in ("shape", "trash_group")):
            if change.schema == "trashd":
                getattr(self, "on_" + change.table, ignore)(change)
            elif change.schema == "soak":
                self.marked |= change.table == "journal"
            elif base(change.table) in TABLES:
                self.on_row(base(change.table), change)
        self.judge()

    # What happened.

    def on_row(self, table, change):
        account = self.account
        if change.kind == "TRUNCATE":
            return account.find("lost", f"{table} was emptied")
        rows = account.live[table]
        old, new = counted(change.old), counted(change.new)
        name = TABLES[table].identity
        uid = int((new or old)[name])
        self.before.setdefault((table, uid), rows.get(uid))
        if change.kind == "INSERT":
            if uid in rows:
                account.find("doubled", f"{table} {uid} is live twice, since transaction {self.number}")
            rows[uid] = new
        elif rows.get(uid) != old:
            account.find("altered", f"{table} {uid} was {old} before {change.kind}, not {rows.get(uid)}")
        if change.kind == "UPDATE":
            rows[uid] = new
        elif change.kind == "DELETE":
            self.went[table, uid] = rows.pop(uid, old)

    def on_shape(self, change):
        new = change.new
        self.account.shapes[new["id"]] = (base(new["table_name"]), elements(new["names"]))

    def on_trash_group(self, change):
        account, number = self.account, change.new["id"]
        if change.kind == "INSERT":
            account.groups[number] = Group(change.new["uuid"], int(change.new["size"]))
            account.uuids[change.new["uuid"]] = number
            self.made.append(number)
        group = account.groups[number]
        if change.new["state"] != group.state:
            group.state = self.ended[number] = change.new["state"]

    def on_item(self, change):
        account = self.account
        place = place_of(change.old or change.new)
        if change.kind != "INSERT":
            self.taken[place] = account.trash.pop(place)
            account.groups[place[0]].items.discard(place[1])
        if change.kind != "DELETE":
            place = place_of(change.new)
            table, row = item_row(account, change.new)
            self.put[place] = account.trash[place] = (table, int(row["uid"]), row)
            account.groups[place[0]].items.add(place[1])

    def on_ledger(self, change):
        new = change.new
        self.entries += 1
        self.account.ledger[new["request_id"]].append(Entry(new["action"], new["group_uuid"], self.number))
        if new["action"] == "deleted" and new["group_uuid"] is None:
            self.hard += sum(json.loads(new["counts"]).values())

    # Whether it may be so.

    def judge(self):
        self.back = {(table, uid) for table, uid, _ in self.taken.values()}
        self.judge_groups()
        self.judge_trash()
        hard = 0
        for key, before in self.before.items():
            table, uid = key
            after = self.account.live[table].get(uid)
            if table == "audit":
                self.judge_audit(uid, before, after)
            elif before is None and after is not None:
                self.came(key, after)
            elif before is not None and after is None:
                hard += self.left(key)
            elif after is not None and before != after:
                self.changed(key, before, after)
        if hard != self.hard:
            self.account.find("lost", f"{self.where()} deleted {hard} rows for good, its ledger says {self.hard}")
        self.judge_cuts()

    def where(self):
        return f"transaction {self.number}"

    def judge_audit(self, uid, before, after):
        if before is not None or after is None:
            self.account.find("lost", f"{self.where()} changed entry {uid} of audit")

    def judge_groups(self):
        account = self.account
        for number in self.made:
            group = account.groups[number]
            group.root = account.trash.get((number, 1), ())[:2]
            account.counts["groups moved"] += 1
            if len(group.items) != group.size and group.state == "trashed":
                account.find("lost", f"group {group.uuid} says {group.size} rows, has {len(group.items)}")
        for number, state in self.ended.items():
            group = account.groups[number]
            account.counts["groups " + state] += 1
            if group.items:
                account.find("doubled", f"group {group.uuid} is {state} and has {len(group.items)} items")

    def judge_trash(self):
        account = self.account
        for place, (table, uid, row) in self.put.items():
            was = self.went.get((table, uid))
            if place in self.taken:  # a reference is set back in the trash
                self.unaltered((table, uid), self.taken[place][2], row)
            elif was is None:
                account.find("doubled", f"{table} {uid} went into the trash in {self.where()}, not out of its table")
            elif differing(was := self.as_committed(table, uid, was, row), row):
                account.find("altered", f"{table} {uid}: {told(was, row)} in the trash, {self.where()}")
            if account.places.get((table, uid), place) != place:
                account.find("doubled", f"{table} {uid} is in the trash twice")
            account.places[table, uid] = place
        for place, (table, uid, row) in self.taken.items():
            if place not in self.put:
                self.taken_out(place, table, uid, row)

    def as_committed(self, table, uid, deleted, row):
        """As it was before this transaction, which may have cut its references before it took it. What triggers
        write may be from before that or after."""
        before = self.before[table, uid] or deleted
        written = {name for name in TABLES[table].owned if deleted.get(name) == row.get(name)}
        return counted({**before, **{name: deleted.get(name) for name in written}})

    def taken_out(self, place, table, uid, row):
        account = self.account
        account.places.pop((table, uid), None)
        state = account.groups[place[0]].state
        back = account.live[table].get(uid)
        if state == "restored":
            if back is None:
                account.find("lost", f"{table} {uid} was not put back by {self.where()}")
            else:
                self.unaltered((table, uid), row, back, TABLES[table].owned)
        elif state == "purged":
            account.gone[table, uid] = "purged"
        else:
            account.find("lost", f"{table} {uid} left the trash in {self.where()}, its group is {state}")

    def unaltered(self, key, row, now, owned=frozenset()):
        """But for references that an earlier delete had cut, which are set back."""
        for column in differing(row, now) - owned:
            cuts = self.account.cut.get((*key, column), [])
            if column in row or now[column] not in [value for _, value in cuts]:
                self.account.find("altered", f"{key}: {told(row, now, [column])} by {self.where()}")

    def came(self, key, after):
        account = self.account
        if key in self.back:
            return  # judged there
        if key in account.gone or key in account.places:
            place = account.gone.get(key) or account.places[key]
            account.find("doubled", f"{key} came in {self.where()}, and was {place}")
        self.written_by_someone(key, after)

    def left(self, key):
        """1 for a row that only the ledger speaks of."""
        account = self.account
        if key in account.places:
            return 0  # judged there
        if self.marked:
            account.gone[key] = "deleted by SQL"
            return 0
        if not self.hard:
            account.find("lost", f"{key} is gone since {self.where()}, without trash, ledger and journal")
        account.gone[key] = "hard deleted"
        return 1

    def changed(self, key, before, after):
        if self.entries:
            return self.changed_beside(key, before, after)
        self.written_by_someone(key, after)

    def changed_beside(self, key, before, after):
        """By a delete or a restore: nothing but references that it cuts or sets back."""
        account, table = self.account, TABLES[key[0]]
        for column in differing(before, after) - table.owned:
            cuts = account.cut[(*key, column)]
            may = table.refs.get(column, (0, 0, False))[2]
            if may and column not in after and self.made:
                for number in self.made:
                    cuts.append((number, before[column]))
                    account.groups[number].cuts.append((*key, column, before[column]))
            elif may and column not in after and self.hard:
                pass
            elif not may or column in before or after[column] not in [value for _, value in cuts]:
                account.find("altered", f"{key}: {told(before, after, [column])} by {self.where()}")

    def judge_cuts(self):
        """A restore sets back what is still as the delete of its group left it."""
        account = self.account
        for number, state in self.ended.items():
            for table, uid, column, value in account.groups[number].cuts if state == "restored" else []:
                row = account.live[table].get(uid)
                newest = account.cut[table, uid, column][-1]
                before = self.before.get((table, uid), row)
                target = TABLES[table].refs[column]
                back = any(each == target[0] and there.get(target[1]) == value
                           for each, _, there in self.taken.values())
                if row and before and newest == (number, value) and column not in before and back \
                        and row.get(column) != value:
                    account.find("altered", f"{table} {uid}: {column} is not {value} again after {self.where()}")

    def written_by_someone(self, key, row):
        account = self.account
        fault = account.canon.fault(row)
        if fault:
            account.find("altered", f"{key} version {row['ver']}: {fault} is {row.get(fault)!r:.200}, {self.where()}")
        account.written[key[1]].add(int(row["ver"]))


def ignore(_):
    pass


def place_of(row):
    return row["group_id"], int(row["ordinal"])


def item_row(account, new):
    table, names = account.shapes[new["shape"]]
    return table, counted(dict(zip(names, elements(new["payload"]))))


def told(one, other, columns=None):
    return "; ".join(f"{name} {one.get(name)!r:.200} became {other.get(name)!r:.200}"
                     for name in columns or sorted(differing(one, other)))
