"""Time of one group by its size: trashd over HTTP, the same by hand, the plain cascade, in turn."""
import statistics
import time

import floors
from cluster import rows, value
from load import settle

TABLES = "project, task, member, time_record"
OWN_TABLES = "floor.item, trashd.item, trashd.trash_group, trashd.ledger"
BIG = 10000


def repeats(size):
    return 20 if size <= 100 else 5 if size <= 1000 else 1


class Groups:
    def __init__(self, cluster, database, service):
        self.service = service
        self.connection = cluster.connect(database)
        self.by_hand = {}
        for name, statements in (
            ("plain", floors.group()),
            ("cascade", [floors.CASCADE]),
            ("restore", floors.RESTORE),
            ("purge", floors.PURGE),
        ):
            prepare, self.by_hand[name] = floors.prepared(name, statements)
            rows(self.connection, prepare)

    def fresh(self, size, amount):
        """Ids of new groups, as after a night's vacuum: the same state for whoever is next."""
        first = value(self.connection, "SELECT supply.groups(%s, %s)", (amount, size))
        settle(self.connection)
        rows(self.connection, f"VACUUM ANALYZE {TABLES}")
        if size >= BIG:
            rows(self.connection, f"VACUUM ANALYZE {OWN_TABLES}")
            rows(self.connection, "CHECKPOINT")
        return range(first, first + amount)

    def hand(self, name, number):
        with self.connection.cursor() as cursor:
            begin = time.perf_counter()
            cursor.execute(self.by_hand[name], {"id": number})
            return time.perf_counter() - begin

    def logged(self, work):
        """What work() returns, and the bytes of WAL that it wrote."""
        before = value(self.connection, "SELECT pg_current_wal_insert_lsn()")
        result = work()
        return result, int(
            value(self.connection, "SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", (before,))
        )

    def live(self, ids):
        return value(
            self.connection,
            "SELECT (SELECT count(*) FROM project WHERE id = ANY (%(ids)s)) + "
            "(SELECT count(*) FROM task t LEFT JOIN time_record r ON r.task_id = t.id "
            "WHERE t.project_id = ANY (%(ids)s))",
            {"ids": list(ids)},
        )

    def cascade(self, ids, _):
        return {"cascade": self.logged(lambda: [self.hand("cascade", number) for number in ids])}

    def plain(self, ids, size):
        seen = {"plain": self.logged(lambda: [self.hand("plain", number) for number in ids])}
        newest = value(self.connection, "SELECT max(group_id) FROM floor.item")
        groups = range(newest - len(ids) + 1, newest + 1)
        kept = value(
            self.connection,
            "SELECT count(*) FROM floor.item WHERE group_id = ANY (%s)",
            (list(groups),),
        )
        if kept != size * len(ids):
            raise SystemExit(f"the floor kept {kept} rows of {size * len(ids)}")
        half = len(ids) // 2 or 1
        seen["plain_restore"] = self.logged(
            lambda: [self.hand("restore", number) for number in groups[:half]]
        )
        if half < len(ids):
            seen["plain_purge"] = self.logged(
                lambda: [self.hand("purge", number) for number in groups[half:]]
            )
        else:
            self.hand("plain", ids[0])
            seen["plain_purge"] = self.logged(lambda: [self.hand("purge", newest + 1)])
        return seen

    def trashd(self, ids, size):
        paths = []

        def delete():
            taken = [self.service.delete("project", number) for number in ids]
            paths[:] = [path for _, path in taken]
            return [seconds for seconds, _ in taken]

        def each(method, suffix):
            return self.logged(
                lambda: [self.service.call(method, path + suffix)[0] for path in paths]
            )

        seen = {"trashd": self.logged(delete)}
        if self.service.json(paths[0])["groupSize"] != size:
            raise SystemExit(f"trashd's group is not of {size} rows")
        if self.live(ids):
            raise SystemExit("rows of a trashed group are live")
        seen["trashd_restore"] = each("POST", "/$restore")
        if not self.live(ids):
            raise SystemExit("rows of a restored group are not live")
        delete()
        seen["trashd_purge"] = each("DELETE", "")
        return seen

    def measure(self, size, rounds):
        """Medians in milliseconds, and bytes of WAL a row, by side."""
        seen = {}
        sides = [self.plain, self.trashd, self.cascade]
        for number in range(rounds):
            for side in sides[number % 3 :] + sides[: number % 3]:
                for name, (times, wal) in side(self.fresh(size, repeats(size)), size).items():
                    seen.setdefault(name, []).append((times, wal / len(times) / size))
            rows(self.connection, "DELETE FROM project WHERE id > 1")
        return {
            name: {
                "ms": 1000 * statistics.median(sum((times for times, _ in found), [])),
                "wal_bytes_a_row": statistics.median(wal for _, wal in found),
            }
            for name, found in seen.items()
        }
