"""Whether small work stays quick: beside a huge group in the trash, whatever the statistics say,
and while a big group is on its way."""
import contextlib
import statistics
import threading

import floors
from cluster import rows, value
from load import pgbench
from pages import real_group
from rates import Rates
from supply import GROUP_SIZE

CLIENTS = 16
OWN = "trashd.item, trashd.trash_group, trashd.link, trashd.ledger"
HUGE_ITEMS = """
INSERT INTO trashd.item (group_id, ordinal, shape, object_id, payload)
SELECT i.group_id, n, i.shape, (2000000000 + n)::text,
    array_prepend((2000000000 + n)::text, i.payload[2:])
FROM trashd.item i, generate_series(%(size)s + 1, %(more)s) n
WHERE i.group_id = %(like)s AND i.ordinal = %(size)s
"""


def make_huge(connection, service, items):
    """One group of so many items: a real one that is made longer by copies of its last."""
    like = real_group(connection, service, GROUP_SIZE)
    last = "SELECT max(ordinal) FROM trashd.item WHERE group_id = %(like)s"
    size = value(connection, last, {"like": like})
    rows(connection, HUGE_ITEMS, {"like": like, "size": size, "more": items})
    rows(
        connection,
        """UPDATE trashd.trash_group g SET size = %(more)s, counts = (
        SELECT array_agg(n ORDER BY place)
        FROM (SELECT array_position(g.shapes, i.shape) AS place, count(*) AS n
        FROM trashd.item i WHERE i.group_id = g.id GROUP BY 1) c) WHERE id = %(like)s""",
        {"like": like, "more": items},
    )


class Pair:
    """The same service on two databases: one clean, one with a huge group in its trash."""

    def __init__(self, clean, aged):
        self.sides = {"clean": clean, "aged": aged}

    def both(self, rounds):
        """Deletes and restores of groups of 56: the aged rate as part of the clean one."""
        seen = {(side, what): [] for side in self.sides for what in ("delete", "restore")}
        for rates in self.sides.values():
            rates.delete("groups", "trashd", CLIENTS)  # to get warm
        for number in range(rounds):
            for side in ("clean", "aged") if number % 2 else ("aged", "clean"):
                rates = self.sides[side]
                deletes = rates.deletes("groups", CLIENTS)
                seen[side, "delete"] += [each["rate"] for each in deletes]
                seen[side, "restore"].append(
                    rates.give_back("groups", "POST", "/$restore", CLIENTS)["rate"]
                )
        rate = {key: statistics.median(values) for key, values in seen.items()}
        return {
            what: {
                "clean": rate["clean", what],
                "aged": rate["aged", what],
                "part": rate["aged", what] / rate["clean", what],
            }
            for what in ("delete", "restore")
        }


def stable_plans(clean, aged, huge, turns, rounds):
    """clean and aged: Rates. turns: restores before the last looks; none: only the first."""
    for rates in (clean, aged):
        rows(rates.connection, f"ANALYZE {OWN}")
    make_huge(aged.connection, aged.service, huge)
    pair = Pair(clean, aged)
    result = {"analyzed while empty": pair.both(rounds)}
    if not turns:
        return result
    for rates in (clean, aged):
        rows(rates.connection, f"ANALYZE {OWN}")
    result["analyzed with the huge group"] = pair.both(rounds)
    for rates in (clean, aged):
        turn_over(rates, turns)
    result["after many deletes and restores"] = pair.both(rounds)
    for rates in (clean, aged):
        rows(rates.connection, f"VACUUM ANALYZE {OWN}")
    result["after VACUUM ANALYZE"] = pair.both(rounds)
    return result


def turn_over(rates, turns):
    done = 0
    while done < turns:
        rates.delete("groups", "trashd", CLIENTS)
        done += rates.give_back("groups", "POST", "/$restore", CLIENTS)["requests"]


def beside_other_work(rates: Rates, size, rounds, clients=4):
    """p99 of single-row deletes alone, and while a big group is deleted and restored: of trashd,
    and by hand beside the hand-written delete of the same group, which is rolled back."""
    number = value(rates.connection, "SELECT supply.groups(1, %s)", (size,))
    rows(rates.connection, "VACUUM ANALYZE project, task, member, time_record")
    seen = {side: {"alone": [], "beside": []} for side in ("plain", "trashd")}
    for _ in range(rounds):
        for side, found in seen.items():
            found["alone"].append(rates.delete("singles", side, clients))
            found["beside"].append(one_beside(rates, side, number, clients))
    result = {"size": size}
    for side, found in seen.items():
        result[side] = {
            f"{key}_{name}": statistics.median(each[key] for each in found[name])
            for key in ("p50_ms", "p99_ms")
            for name in found
        }
        result[side]["times"] = result[side]["p99_ms_beside"] / result[side]["p99_ms_alone"]
    return result


def one_beside(rates, side, number, clients):
    first = rates.store("singles", side, clients)
    turn = there_and_back if side == "trashd" else by_hand
    with Beside(lambda: turn(rates, number)) as other:
        if side == "trashd":
            result = rates.driven("singles", first, clients)
        else:
            result = pgbench(
                rates.cluster, rates.database, clients, rates.seconds, floors.single(), first
            )
    if not other.turns:
        raise SystemExit("the big group did not get through once")
    rates.verify("singles", first, result, clients)
    return result


def there_and_back(rates, number):
    path = rates.service.delete("project", number)[1]
    rates.service.call("POST", path + "/$restore")


def by_hand(rates, number):
    prepare, execute = floors.prepared("beside", floors.group())
    with contextlib.closing(rates.cluster.connect(rates.database)) as connection:
        rows(connection, prepare)
        rows(connection, execute.replace("COMMIT", "ROLLBACK"), {"id": number})


class Beside:
    """Runs work() again and again in a thread of its own until the block ends."""

    def __init__(self, work):
        self.work, self.turns = work, 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def run(self):
        while not self.stop.is_set():
            self.work()
            self.turns += 1
