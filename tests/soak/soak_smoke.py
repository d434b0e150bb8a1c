#!/usr/bin/env python3
"""Runs the soak in its smallest form, and looks whether its account finds what is done to rows behind its back.

Usage: soak_smoke.py TRASHD
"""
import contextlib
import sys
import types

from soak import Soak  # which says where the modules are
from cluster import rows

# Per kind of finding what a fault could have done.
WAITING = "(SELECT {}(id) FROM trashd.trash_group WHERE state = 'trashed')"
NEWEST, OLDEST = WAITING.format("max"), WAITING.format("min")
DAMAGES = [
    ("doubled", "INSERT INTO entry (task, uid, ver, label) SELECT task, uid, ver, label FROM entry LIMIT 1"),
    ("doubled", f"""INSERT INTO trashd.item SELECT group_id, ordinal + 1000000, shape, object_id, payload
        FROM trashd.item WHERE group_id = {NEWEST} LIMIT 1"""),
    ("altered", "UPDATE piece SET amount = 17 WHERE uid = (SELECT min(uid) FROM piece)"),
    ("altered", f"""UPDATE trashd.item SET payload[1] = 'other' WHERE group_id = {NEWEST}"""),
    ("lost", "DELETE FROM note WHERE uid = (SELECT min(uid) FROM note)"),
    ("lost", f"DELETE FROM trashd.item WHERE ordinal = 1 AND group_id = {NEWEST}"),
    ("lost", f"""WITH g AS (UPDATE trashd.trash_group SET state = 'restored', ended_at = now() WHERE id = {OLDEST}
        RETURNING id) DELETE FROM trashd.item WHERE group_id = (SELECT id FROM g)"""),
]
FIGURES = {"groups moved", "groups restored", "groups purged"}


class Smoke(Soak):
    def copies(self):
        super().copies()
        self.clean = list(self.account.findings)
        self.missed = [each for each in DAMAGES if not self.is_found(*each)]
        self.account.findings[:] = self.clean

    def is_found(self, kind, damage):
        before = len(self.account.findings)
        with contextlib.closing(self.stand.connect()) as connection:
            rows(connection, damage)
            self.enter(connection)
        return kind in {each for each, _ in self.account.findings[before:]}


def main():
    smoke = Smoke(types.SimpleNamespace(program=sys.argv[1], minutes=0.2, seed=7))
    status = smoke.run()
    for kind, damage in smoke.missed:
        print(f"not found as {kind}: {damage}")
    missing = {name for name in FIGURES if not smoke.account.counts[name]}
    if missing or not smoke.stand.starts > 2:
        print(f"nothing was raced: {sorted(missing)}, {smoke.stand.starts} starts")
    sys.exit(status or bool(smoke.missed or missing) or smoke.stand.starts <= 2)


if __name__ == "__main__":
    main()
