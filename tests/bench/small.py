"""Round trips of a delete, and the time of a start."""
import contextlib
import os
import socket
import statistics
import threading

from cluster import rows, value
from service import Service


class Relay:
    """Stands between trashd and the server on a socket of its own and counts how often the server
    is asked after it has answered."""

    def __init__(self, target, folder):
        self.target = target
        self.path = os.path.join(folder, ".s.PGSQL.5432")
        self.trips = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.target)
                turn = ["server"]
                for source, sink, name in ((client, server, "client"), (server, client, "server")):
                    threading.Thread(
                        target=self.pump, args=(source, sink, name, turn), daemon=True
                    ).start()

    def pump(self, source, sink, name, turn):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if name == "client" and turn[0] == "server":
                    self.trips += 1
                turn[0] = name
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


def round_trips(cluster, program, database, sizes):
    """Requests to the server that a delete waits for, by the size of the group."""
    folder = cluster.folder / "relay"
    folder.mkdir()
    relay = Relay(str(cluster.folder / ".s.PGSQL.5432"), folder)
    result = {}
    with contextlib.closing(relay), contextlib.closing(
        cluster.connect(database)
    ) as connection, Service(
        program, cluster.url(database, folder), folder / "trashd.log"
    ) as service:
        for _ in range(20):  # every connection of the pool gets to know the statements
            service.delete("project", value(connection, "SELECT supply.groups(1, 4)"))
        for size in sizes:
            counts = []
            for _ in range(3):
                number = value(connection, "SELECT supply.groups(1, %s)", (size,))
                before = relay.trips
                service.delete("project", number)
                counts.append(relay.trips - before)
            result[str(size)] = statistics.median(counts)
    return result


TABLE = (
    "CREATE TABLE t{0} (id bigint PRIMARY KEY, parent bigint{1}, name text, created timestamptz);"
    "CREATE INDEX ON t{0} (parent);"
)


def start(cluster, program, tables, times):
    """Seconds from the start of the process to the first answer that it is ready."""
    database = cluster.create("many_tables")
    with contextlib.closing(cluster.connect(database)) as connection:
        for n in range(tables):
            rows(
                connection, TABLE.format(n, f" REFERENCES t{n // 2} ON DELETE CASCADE" if n else "")
            )
    seconds, memory = [], {}
    for _ in range(times + 1):
        with Service(program, cluster.url(database), cluster.folder / "start.log") as service:
            seconds.append(service.seconds_to_start)
            memory = service.memory()
    cluster.drop(database)
    return {
        "tables": tables,
        "first_s": seconds[0],
        "median_s": statistics.median(seconds[1:]),
    } | memory
