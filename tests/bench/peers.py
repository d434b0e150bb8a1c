"""trashd beside two peers that run on Node, and the hand-written floor: what a request costs each.

classic: a column `deleted_at` in every table and an UPDATE for each table, by hand; orm: the paranoid models of
Sequelize. Both are services over HTTP in tests/bench/peers/, driven as trashd is. The floor has no HTTP: pgbench
runs its statements. Each side has a database of its own, a copy of the same rows, and takes its turn in each round.
"""
import contextlib
import math
import pathlib
import shutil
import statistics
import subprocess
import tempfile

import floors
from cluster import rows, value
from load import RanOut, pgbench, settle, wrk
from rates import RESOURCE, items, summary
from service import Service
from supply import GROUP_SIZE, Supply

HERE = pathlib.Path(__file__).resolve().parent / "peers"
NODE = {"classic": "classic.mjs", "orm": "sequelize.mjs"}
READ_ROWS = 20000  # rows that are read again and again, and never deleted
TABLES = "project, task, member, time_record"
MOST = 10**6
# Requests a second and client that are provided for before a side was measured.
GUESS = {"singles": 500, "groups": 60}
ATTEMPTS = 8

# What is measured, in this order: its kind, and what it does to rows. It is named in report.py.
OPERATIONS = {
    "read": ("singles", "read"),
    "delete": ("singles", "delete"),
    "list": ("singles", "list"),
    "restore": ("singles", "restore"),
    "purge": ("singles", "purge"),
    "delete_group": ("groups", "delete"),
    "restore_group": ("groups", "restore"),
    "purge_group": ("groups", "purge"),
}
# Methods and what stands before and after an id, by what is done; {} is the table.
TRASHD = {
    "read": ("GET", "/v1/{}/", ""),
    "delete": ("DELETE", "/v1/{}/", ""),
    "list": ("GET", "/v1/{}/@deleted?limit=", ""),
    "restore": ("POST", "/v1/trash/", "/$restore"),
    "purge": ("DELETE", "/v1/trash/", ""),
}
PEER = {
    "read": ("GET", "/{}/", ""),
    "delete": ("DELETE", "/{}/", ""),
    "list": ("GET", "/trash/{}?limit=", ""),
    "restore": ("POST", "/{}/", "/restore"),
    "purge": ("DELETE", "/trash/{}/", ""),
}
BY_HAND = {
    "read": floors.READ,
    "delete": floors.single(),
    "list": floors.LIST,
    "restore": floors.RESTORE_SINGLE,
    "purge": floors.PURGE,
    "delete_group": floors.group(),
    "restore_group": floors.RESTORE,
    "purge_group": floors.PURGE,
}
# Roots of what lies in the trash, the newest first. Single rows hang on the task that supply.singles takes.
DELETED = {
    "singles": "SELECT id FROM time_record WHERE deleted_at IS NOT NULL "
    "AND task_id = (SELECT min(id) FROM task) ORDER BY deleted_at DESC",
    "groups": "SELECT id FROM project WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC",
}
# What a peer's own deletes come to, of many at once: each root has a time of its own, which its rows share.
DELETES = {
    "singles": ["UPDATE time_record SET deleted_at = clock_timestamp() WHERE id >= %s AND id < %s"],
    "groups": [
        "UPDATE project SET deleted_at = clock_timestamp() WHERE id >= %s AND id < %s",
        "UPDATE task SET deleted_at = p.deleted_at FROM project p "
        "WHERE p.id = project_id AND p.id >= %s AND p.id < %s",
        "UPDATE member SET deleted_at = p.deleted_at FROM project p "
        "WHERE p.id = project_id AND p.id >= %s AND p.id < %s",
        "UPDATE time_record SET deleted_at = t.deleted_at FROM task t "
        "WHERE t.id = task_id AND t.project_id >= %s AND t.project_id < %s",
    ],
}
KEPT = {
    "singles": "SELECT group_id FROM floor.item WHERE kind = 4 AND ordinal = 1 ORDER BY group_id DESC",
    "groups": "SELECT group_id FROM floor.item WHERE kind = 1 ORDER BY group_id DESC",
}
# Rows of one project that are live, and all that are there, whatever the trash has made of them.
OF_PROJECT = (
    "SELECT count(*) FROM (SELECT {0} FROM project WHERE id = %(id)s "
    "UNION ALL SELECT {0} FROM task WHERE project_id = %(id)s "
    "UNION ALL SELECT {0} FROM member WHERE project_id = %(id)s "
    "UNION ALL SELECT {1} FROM time_record r JOIN task t ON t.id = task_id WHERE project_id = %(id)s) x {2}"
)
ALL_ROWS = OF_PROJECT.format("1", "1", "")
LIVE_ROWS = OF_PROJECT.format("deleted_at", "r.deleted_at", "WHERE deleted_at IS NULL")


def install():
    """Why the peers cannot run here, or None: their packages are installed as the lock file says."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no Node here"
    lock, installed = HERE / "package-lock.json", HERE / "node_modules" / ".installed"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return None
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return "npm ci failed: " + (done.stderr or done.stdout).strip()[-300:]
    shutil.copy(lock, installed)
    return None


class NodeService(Service):
    """A peer as a process; it tells where it listens as trashd does."""

    def __init__(self, name, url, log):
        self.name = name
        super().__init__(HERE / NODE[name], url, log)

    def command(self, program, config, url, listen):
        parts = dict(part.split("=", 1) for part in url.split())
        return ["env", "NODE_ENV=production", "node", str(program), parts["host"], parts["user"], parts["dbname"]]


class Side:
    """One of those that are compared, with its database."""

    def __init__(self, name, connection, service=None):
        self.name, self.connection, self.service = name, connection, service
        self.supply = {kind: Supply(connection, kind) for kind in RESOURCE}
        self.fastest = {}

    def in_trash(self, kind):
        """Ids by which what lies in the trash is brought back or purged, the newest first."""
        return items(self.connection, kind, MOST)

    def drive(self, operation, clients, seconds, ids, available):
        """ids: where they begin and, of those that are used again, how many; or all of them."""
        kind, what = OPERATIONS[operation]
        method, prefix, suffix = self.routes[what]
        request = (method, prefix.format(RESOURCE[kind]), suffix)
        if isinstance(ids, tuple):
            first, span = ids
            more = ("", span) if span else ()
            return wrk(self.service, clients, seconds, (*request, first, *more), available)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write("".join(f"{each}\n" for each in ids))
            file.flush()
            return wrk(self.service, clients, seconds, (*request, 1, file.name), available)

    routes = TRASHD
    own_tables = "trashd.item, trashd.trash_group, trashd.ledger"

    def rows_of(self, project):
        """How many of a project's rows are live."""
        return value(self.connection, ALL_ROWS, {"id": project})


class Peer(Side):
    routes = PEER
    own_tables = None

    def in_trash(self, kind):
        return [each for each, in rows(self.connection, DELETED[kind])]

    def rows_of(self, project):
        return value(self.connection, LIVE_ROWS, {"id": project})

    def put(self, kind, amount):
        """As many deletes, by SQL: one by one they would take longer than what is timed."""
        first = self.supply[kind].ensure(amount)
        for sql in DELETES[kind]:
            rows(self.connection, sql, (first, first + amount))
        self.supply[kind].use(amount)


class Floor(Side):
    own_tables = "floor.item"

    def __init__(self, cluster, database, connection):
        super().__init__("floor", connection)
        self.cluster, self.database = cluster, database

    def in_trash(self, kind):
        """Only the newest that follow each other: pgbench counts ids, it reads no list."""
        found = [each for each, in rows(self.connection, KEPT[kind])]
        run = next((n for n, each in enumerate(found) if each != found[0] - n), len(found))
        return found[:run]

    def drive(self, operation, clients, seconds, ids, available):
        first, span = ids if isinstance(ids, tuple) else (ids[-1], None)
        statements = BY_HAND[operation]
        result = pgbench(self.cluster, self.database, clients, seconds, statements, first, span)
        if available is not None and result["used"] > available:
            raise RanOut
        return result


class Peers:
    def __init__(self, cluster, program, shape, say):
        """shape: peer_clients, peer_rounds, peer_seconds, peer_groups, peer_warm_up, starts."""
        self.cluster, self.program, self.shape, self.say = cluster, program, shape, say
        self.left_out = install()
        self.readable = None
        self.most = max(shape["peer_clients"])

    def make(self):
        """The rows that all sides have copies of."""
        self.cluster.create("peers", "workload")
        with contextlib.closing(self.cluster.connect("peers")) as connection:
            first = value(connection, "SELECT supply.singles(%s)", (READ_ROWS,))
            self.readable = (first, READ_ROWS)
            rows(connection, f"VACUUM ANALYZE {TABLES}")

    def side(self, stack, name):
        database = f"peers_{name}"
        self.cluster.create(database, "peers")
        stack.callback(self.cluster.drop, database)
        connection = stack.enter_context(contextlib.closing(self.cluster.connect(database)))
        if name == "floor":
            return Floor(self.cluster, database, connection)
        if name in NODE:
            rows(connection, (HERE / "columns.sql").read_text(encoding="utf-8"))
        return (Peer if name in NODE else Side)(
            name, connection, stack.enter_context(self.serve(name, database))
        )

    def serve(self, name, database, log="log"):
        url, log = self.cluster.url(database), self.cluster.folder / f"{database}.{log}"
        return NodeService(name, url, log) if name in NODE else Service(self.program, url, log)

    def prove(self, side):
        """Each service does what it is measured at: one group goes with all its rows and comes back."""
        project = side.supply["groups"].ensure(1)
        side.supply["groups"].use(1)

        def ask(what, key):
            method, prefix, suffix = side.routes[what]
            return side.service.call(method, prefix.format("project") + str(key) + suffix)

        for what, live in (("delete", 0), ("restore", GROUP_SIZE), ("delete", 0), ("purge", 0)):
            ask(what, project if what == "delete" else side.in_trash("groups")[0])
            if (found := side.rows_of(project)) != live:
                raise SystemExit(f"{side.name}: {found} rows are live after {what}, not {live}")
        if value(side.connection, ALL_ROWS, {"id": project}):
            raise SystemExit(f"{side.name}: purged rows are still there")

    def fill(self, side, kind, amount):
        """Deletes until so much lies in the trash; what comes first is not timed."""
        while len(found := side.in_trash(kind)) < amount:
            if isinstance(side, Peer):
                side.put(kind, amount - len(found))
            else:
                self.take(side, "delete" if kind == "singles" else "delete_group", self.most)
        return found

    def take(self, side, operation, clients):
        """One round of one operation. What it is done to is made before, more where it was too little."""
        kind, key = OPERATIONS[operation][0], (operation, clients)
        # What is not known yet is thought to be as fast as the delete; where it is not, there are more attempts.
        deletes = side.fastest.get(("delete" if kind == "singles" else "delete_group", clients), 0)
        guess = side.fastest.get(key, deletes or GUESS[kind] * min(clients, 4))
        amount = int(guess * 1.3 * self.shape["peer_seconds"]) + 4 * clients
        for _ in range(ATTEMPTS):
            try:
                result = self.attempt(side, operation, clients, amount)
                side.fastest[key] = max(side.fastest.get(key, 0), result["rate"])
                return result
            except RanOut:
                settle(side.connection)
                amount *= 2
        raise SystemExit(f"{side.name}, {operation}: no round of {ATTEMPTS} could be counted")

    def warm_up(self, side):
        """So many requests of each operation that Node has compiled what runs often, however slow the machine."""
        for operation in OPERATIONS:
            done = 0
            while done < self.shape["peer_warm_up"]:
                done += self.take(side, operation, self.most)["requests"]

    def attempt(self, side, operation, clients, amount):
        kind, what = OPERATIONS[operation]
        supply, seconds = side.supply[kind], self.shape["peer_seconds"]
        if what == "read":
            return side.drive(operation, clients, seconds, self.readable, math.inf)
        if what == "list":
            return side.drive(operation, clients, seconds, (50, 1), math.inf)
        if what == "delete":
            first, before = supply.ensure(amount), len(self.everything(side, kind))
            available = supply.end - first
            try:
                result = side.drive(operation, clients, seconds, (first, None), available)
            except RanOut:
                supply.use(available)
                raise
            supply.use(result["used"])
        else:
            ids, before = self.fill(side, kind, amount), len(self.everything(side, kind))
            result = side.drive(operation, clients, seconds, ids, len(ids))
        settle(side.connection)
        changed = abs(len(self.everything(side, kind)) - before)
        if not result["requests"] <= changed <= result["requests"] + clients:
            raise SystemExit(
                f"{side.name}, {operation}: {result['requests']} counted, {changed} changed"
            )
        return result

    @staticmethod
    def everything(side, kind):
        """All that lies in the trash, also what the floor cannot count through."""
        return rows(side.connection, KEPT[kind]) if side.name == "floor" else side.in_trash(kind)

    def tidy(self, side):
        """The same state for whoever is next, as after a night's vacuum."""
        own = f", {side.own_tables}" if side.own_tables else ""
        rows(side.connection, f"VACUUM ANALYZE {TABLES}{own}")
        rows(side.connection, "CHECKPOINT")

    def starts(self):
        """Median seconds from the start of the process to its first answer that it is ready, and MiB."""
        seen = {name: [] for name in self.names if name != "floor"}
        for _ in range(self.shape["starts"]):
            for name, found in seen.items():
                with self.serve(name, f"peers_{name}", "start.log") as service:
                    found.append((service.seconds_to_start, service.memory()["resident_mib"]))
        return {
            name: {"s": statistics.median(s for s, _ in found), "mib": statistics.median(m for _, m in found)}
            for name, found in seen.items()
        }

    @property
    def names(self):
        return ["floor", *([] if self.left_out else NODE), "trashd"]

    def measure(self):
        """Rates by clients, operation and side, of all rounds and their medians; starts."""
        if self.left_out:
            self.say(f"peers are left out: {self.left_out}")
        self.make()
        shape = self.shape
        seen = {
            clients: {operation: {name: [] for name in self.names} for operation in OPERATIONS}
            for clients in shape["peer_clients"]
        }
        with contextlib.ExitStack() as stack:
            sides = [self.side(stack, name) for name in self.names]
            for side in sides:
                if side.service:
                    self.prove(side)
                self.fill(side, "groups", shape["peer_groups"])
                self.warm_up(side)
            for number in range(shape["peer_rounds"]):
                self.say(f"peers, round {number + 1} of {shape['peer_rounds']}")
                turn = number % len(sides)
                for clients in shape["peer_clients"]:
                    for side in sides[turn:] + sides[:turn]:
                        self.tidy(side)
                        for operation in OPERATIONS:
                            result = self.take(side, operation, clients)
                            seen[clients][operation][side.name].append(result)
            self.say("starts of the peers")
            starts = self.starts()
        return {
            "left_out": self.left_out,
            "start": starts,
            "rates": {
                str(clients): {
                    operation: {
                        name: summary(found) for name, found in sides_seen.items()
                    }
                    for operation, sides_seen in operations.items()
                }
                for clients, operations in seen.items()
            },
        }
