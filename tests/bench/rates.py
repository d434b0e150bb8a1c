"""How many deletes (restores, purges) a second: trashd and the floors in alternating rounds."""
import os
import pathlib
import statistics
import tempfile

import floors
from cluster import rows
from load import pgbench, settle, wrk
from supply import Supply

RESOURCE = {"singles": "time_record", "groups": "project"}
# Deletes a second and core that are had in store before a side was measured.
GUESS = {"singles": 12000, "groups": 1600}


def summary(rounds):
    """Medians over the rounds."""
    keys = ("rate", "p50_ms", "p99_ms")
    return {key: statistics.median(each[key] for each in rounds) for key in keys} | {
        "rounds": [each["rate"] for each in rounds]
    }


def items(connection, kind, amount):
    """TrashItems of the newest groups of that kind."""
    shape = (
        "SELECT g.uuid FROM trashd.trash_group g JOIN trashd.shape s ON s.id = g.root_shape "
        "WHERE g.state = 'trashed' AND s.table_name = %s ORDER BY g.id DESC LIMIT %s"
    )
    found = rows(connection, shape, (RESOURCE[kind], amount))
    return [str(uuid)[:-8] + "00000001" for uuid, in found]


class Rates:
    def __init__(self, cluster, database, service, seconds):
        self.cluster, self.database = cluster, database
        self.service, self.seconds = service, seconds
        self.connection = cluster.connect(database)
        self.supply = {kind: Supply(self.connection, kind) for kind in RESOURCE}
        self.fastest = {}

    def store(self, kind, side, clients):
        guess = GUESS[kind] * min(clients, os.cpu_count())
        most = max(guess, self.fastest.get((kind, side, clients), 0))
        return self.supply[kind].ensure(int(most * 1.6 * (self.seconds + 1)) + 20 * clients)

    def verify(self, kind, first, result, clients):
        """What vanished is what was counted; wrk leaves at most one request a client uncounted."""
        settle(self.connection)
        gone = result["used"] - self.supply[kind].left(first, result["used"])
        if not result["requests"] <= gone <= result["requests"] + clients:
            raise SystemExit(f"{kind}: {result['requests']} deletes counted, {gone} rows gone")
        self.supply[kind].use(result["used"])

    def driven(self, kind, first, clients):
        return wrk(
            self.service, clients, self.seconds, ("DELETE", f"/v1/{RESOURCE[kind]}/", "", first)
        )

    def delete(self, kind, side, clients):
        first = self.store(kind, side, clients)
        if side == "trashd":
            result = self.driven(kind, first, clients)
        else:
            make = floors.single if kind == "singles" else floors.group
            result = pgbench(
                self.cluster,
                self.database,
                clients,
                self.seconds,
                make(books=side == "books"),
                first,
            )
        self.verify(kind, first, result, clients)
        key = (kind, side, clients)
        self.fastest[key] = max(self.fastest.get(key, 0), result["rate"])
        return result

    def compare(self, kind, sides, clients, rounds):
        """Each side once a round, in turning order; the first of several rounds does not count."""
        seen = {side: [] for side in sides}
        if rounds > 1:
            for side in sides:
                self.delete(kind, side, clients)
        for number in range(rounds):
            turn = number % len(sides)
            for side in sides[turn:] + sides[:turn]:
                seen[side].append(self.delete(kind, side, clients))
        return {side: summary(results) for side, results in seen.items()}

    def items(self, kind, amount):
        return items(self.connection, kind, amount)

    def give_back(self, kind, method, suffix, clients):
        """A round of restores or purges of groups that lie in the trash."""
        groups = self.items(kind, 10**6)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "items"
            file.write_text("".join(item + "\n" for item in groups), encoding="utf-8")
            result = wrk(
                self.service, clients, self.seconds, (method, "/v1/trash/", suffix, 1, str(file))
            )
        settle(self.connection)
        left = len(self.items(kind, 10**6))
        if not result["requests"] <= len(groups) - left <= result["requests"] + clients:
            raise SystemExit(
                f"{method} of {kind}: {result['requests']} counted, {len(groups) - left} gone"
            )
        return result

    def deletes(self, kind, clients):
        """Rounds of deletes, one or as many as leave more groups than a round of restores or purges
        takes: those are quicker, and a first round of deletes is slow."""
        seen = [self.delete(kind, "trashd", clients)]
        while len(self.items(kind, 10**6)) < 3 * self.seconds * self.fastest[kind, "trashd", clients]:
            seen.append(self.delete(kind, "trashd", clients))
        return seen

    def all_three(self, kind, clients, rounds):
        """Deletes, restores and purges in alternating rounds."""
        seen = {"delete": [], "restore": [], "purge": []}
        for _ in range(rounds):
            seen["delete"] += self.deletes(kind, clients)
            seen["restore"].append(self.give_back(kind, "POST", "/$restore", clients))
            seen["delete"] += self.deletes(kind, clients)
            seen["purge"].append(self.give_back(kind, "DELETE", "", clients))
        return {name: summary(results) for name, results in seen.items()}
