"""What the soak runs on: one cluster, one database, and services that can be killed and come back."""
import contextlib
import http.client
import threading
import time

from cluster import Cluster, rows
from service import Service

DATABASE = "soak"
# A crash of the server does not lose what the kernel has, so nothing is forced to disk; recovery is short.
SERVER = {"fsync": "off", "wal_level": "logical", "shared_buffers": "'256MB'", "max_wal_size": "'2GB'",
          "checkpoint_timeout": "'30s'", "deadlock_timeout": "'200ms'"}
CONFIG = """
[limits]
async_rows = 150
operations = 0
lock_timeout_ms = 2000
statement_timeout_ms = 10000
"""
DOWN = (SystemExit, OSError, http.client.HTTPException)  # what a start that fails raises


class Stand:
    """Knows when something was broken on purpose, so that errors can be told from faults."""

    def __init__(self, program, instances):
        self.program, self.instances = program, instances
        self.cluster = Cluster(settings=SERVER, prefix="trashd-soak-")
        self.cluster.folder.chmod(0o755)
        self.services = [None] * instances
        self.starts = 0
        self.lock = threading.RLock()
        self.pausing = False  # whoever repeats something is to stop
        self.ended = []  # what nobody killed
        self.broken = []  # (from, to, what) in monotonic seconds
        self.counts = {"kills": 0, "crashes": 0, "terminated": 0, "cancelled": 0}

    def __enter__(self):
        self.cluster.__enter__()
        self.cluster.create(DATABASE)
        return self

    def __exit__(self, *problem):
        for service in self.services:
            if service:
                service.stop()
        self.cluster.__exit__(*problem)

    def url(self):
        return self.cluster.url(DATABASE)

    def connect(self):
        return self.cluster.connect(DATABASE)

    def start(self, number):
        """Until it runs: a database that has just crashed may refuse it for a while."""
        for _ in range(30):
            self.starts += 1
            log = self.cluster.folder / f"trashd-{number}-{self.starts}.log"
            try:
                self.services[number] = Service(self.program, self.url(), log, config=CONFIG)
                return
            except DOWN as error:
                problem = error
                time.sleep(0.5)
        raise RuntimeError(f"trashd does not start: {problem}")

    def start_all(self):
        for number in range(self.instances):
            self.start(number)

    def base(self, number):
        """Host and port, or None while it is down."""
        service = self.services[number]
        return (service.host, service.port) if service else None

    @contextlib.contextmanager
    def breaking(self, what):
        began = time.monotonic()
        entry = [began, float("inf"), what]
        self.broken.append(entry)
        try:
            yield
        finally:
            entry[1] = time.monotonic() + 2  # what was on its way may still tell of it

    def explained(self, began, ended):
        """What was broken while a request ran."""
        return next((what for start, end, what in self.broken if start < ended and end > began), None)

    def kill(self, number, pause):
        with self.lock, self.breaking("kill"):
            service, self.services[number] = self.services[number], None
            self.note_end(number, service)
            service.kill()
            time.sleep(pause)
            self.start(number)
            self.counts["kills"] += 1

    def note_end(self, number, service):
        if service.process.poll() is not None:
            self.ended.append(f"instance {number} ended by itself: {service.process.returncode}, {service.log}")

    def crash(self, pause):
        with self.lock, self.breaking("crash"):
            self.cluster.stop()
            time.sleep(pause)
            self.cluster.start()
            self.counts["crashes"] += 1

    def end_backend(self, function, pick):
        """pick chooses one of the pids of the services' sessions."""
        with self.breaking("terminated"), contextlib.closing(self.connect()) as connection:
            pids = rows(connection, "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'trashd%' "
                        "AND datname = current_database() ORDER BY state = 'active' DESC, pid")
            if pids:
                rows(connection, f"SELECT {function}(%s)", (pick(pids)[0],))
                self.counts["terminated" if "terminate" in function else "cancelled"] += 1


def settle(stand, seconds):
    """Waits until no session works any more; what still does is returned."""
    busy = ("SELECT pid, state, now() - xact_start, wait_event_type, left(query, 200) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' "
            "AND (state <> 'idle' OR xact_start IS NOT NULL)")
    end, quiet = time.monotonic() + seconds, 0
    with contextlib.closing(stand.connect()) as connection:
        while time.monotonic() < end and quiet < 5:
            found = rows(connection, busy)
            quiet = 0 if found else quiet + 1
            time.sleep(0.05)
    return found if quiet < 5 else []
