"""Compares the database with the account, while nobody writes."""
import contextlib
import json
import time

from account import told
from cluster import rows
from stand import settle
from stream import copied, elements
from tables import TABLES, counted, differing, select

# What must never be there, whatever happened.
ORPHANS = {
    "items without a waiting group": "SELECT count(*) FROM trashd.item i WHERE NOT EXISTS (SELECT FROM "
        "trashd.trash_group g WHERE g.id = i.group_id AND g.state = 'trashed')",
    "groups that wait with another number of items": "SELECT count(*) FROM trashd.trash_group g "
        "WHERE state = 'trashed' AND size <> (SELECT count(*) FROM trashd.item i WHERE i.group_id = g.id)",
    "links without a waiting group": "SELECT count(*) FROM trashd.link l WHERE NOT EXISTS (SELECT FROM "
        "trashd.trash_group g WHERE g.id = l.group_id AND g.state = 'trashed')",
    "groups with another number of links": "SELECT count(*) FROM trashd.trash_group g WHERE state = 'trashed' "
        "AND links <> (SELECT count(*) FROM trashd.link l WHERE l.group_id = g.id)",
}
OPERATIONS = "SELECT id::text, state, error, result FROM trashd.operation"


class Checks:
    def __init__(self, stand, account):
        self.stand, self.account = stand, account
        self.made = 0

    def quiet(self, seconds=180):
        """Waits for operations and sessions to end; what does not is a finding."""
        end = time.monotonic() + seconds
        with contextlib.closing(self.stand.connect()) as connection:
            while time.monotonic() < end:
                found = rows(connection, f"{OPERATIONS} WHERE state IN ('queued', 'running')")
                if not found:
                    break
                time.sleep(0.2)
            else:
                self.account.find("wrong", f"operations that never end: {found[:3]}")
        for each in settle(self.stand, 60):
            self.account.find("wrong", f"a session that never ends: {each}")

    def operations(self, connection):
        return {number: (state, as_value(error), as_value(result))
                for number, state, error, result in rows(connection, OPERATIONS)}

    def compare(self, connection):
        for table in TABLES:
            self.live(connection, table)
        self.trash(connection)
        self.foreign_keys(connection)
        for what, query in ORPHANS.items():
            self.made += 1
            if count := rows(connection, query)[0][0]:
                self.account.find("wrong", f"{count} {what}")

    def live(self, connection, table):
        columns, query = select(table)
        found, expected = {}, self.account.live[table]
        identity = TABLES[table].identity
        for values in copied(connection, query):
            row = counted(dict(zip(columns, values)))
            uid = int(row[identity])
            if uid in found:
                self.account.find("doubled", f"{table} {uid} is live twice")
            found[uid] = row
        self.same(table, found, expected)

    def trash(self, connection):
        shapes = self.account.shapes
        found = {}
        for group, ordinal, shape, payload in copied(
                connection, "SELECT group_id, ordinal, shape, payload FROM trashd.item"):
            found[group, int(ordinal)] = counted(dict(zip(shapes[shape][1], elements(payload))))
        self.same("trash", found, {place: row for place, (_, _, row) in self.account.trash.items()})
        for table, uid, _ in self.account.trash.values():
            if uid in self.account.live[table]:
                self.account.find("doubled", f"{table} {uid} is live and in the trash")

    def same(self, where, found, expected):
        for key in expected.keys() - found.keys():
            self.account.find("lost", f"{where} {key} is not there")
        for key in found.keys() - expected.keys():
            self.account.find("doubled", f"{where} {key} came from nowhere")
        for key in found.keys() & expected.keys():
            if differing(found[key], expected[key]):
                self.account.find("altered", f"{where} {key}: {told(expected[key], found[key])}")
        self.made += len(expected)

    def foreign_keys(self, connection):
        for table, about in TABLES.items():
            for column, (target, key, _) in about.refs.items():
                self.made += 1
                query = (f"SELECT count(*) FROM {table} t WHERE t.{column} IS NOT NULL AND NOT EXISTS "
                         f"(SELECT FROM {target} r WHERE r.{key} = t.{column})")
                if count := rows(connection, query)[0][0]:
                    self.account.find("wrong", f"{count} rows of {table} refer to no {target}")


def as_value(found):
    return json.loads(found) if isinstance(found, str) else found
