#!/usr/bin/python3
"""What a request costs in processor time, of the database's backend and of trashd: one client, one
connection to the database. Steadier than rates where other work runs beside; several programs take
turns, so that two versions can be compared. See docs/speed.md."""
import argparse
import contextlib
import os
import pathlib
import statistics

import service as services
from cluster import Cluster, rows, value
from rates import RESOURCE
from supply import Supply

HERE = pathlib.Path(__file__).parent
WARM_UP = 200
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


def backend_us(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e3


def process_us(pid):
    """Of all threads, also of those that ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US


class Meter:
    def __init__(self, service, connection):
        self.service = service
        self.backend = value(
            connection,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )

    def measure(self, calls):
        """(backend, trashd) in µs for each call; the answers' headers."""
        pid = self.service.process.pid
        before = backend_us(self.backend), process_us(pid)
        headers = [self.service.call(*call)[1] for call in calls]
        after = backend_us(self.backend), process_us(pid)
        return [(b - a) / len(calls) for a, b in zip(before, after)], headers


def one_round(cluster, program, kind, requests):
    """µs by operation: half of what is deleted goes back, half is purged."""
    name = cluster.create("cpu", "workload")
    try:
        with contextlib.closing(cluster.connect(name)) as connection, services.Service(
            program, cluster.url(name), cluster.folder / "cpu.log"
        ) as service:
            first = Supply(connection, kind).ensure(requests + WARM_UP)
            for number in range(first, first + WARM_UP):
                service.delete(RESOURCE[kind], number)
            meter = Meter(service, connection)
            numbers = range(first + WARM_UP, first + WARM_UP + requests)
            path = f"/v1/{RESOURCE[kind]}/"
            result = {}
            result["delete"], headers = meter.measure([("DELETE", f"{path}{n}") for n in numbers])
            items = [header["Location"] for header in headers]
            back, away = items[::2], items[1::2]
            result["restore"], _ = meter.measure([("POST", f"{item}/$restore") for item in back])
            result["purge"], _ = meter.measure([("DELETE", item) for item in away])
            return result
    finally:
        cluster.drop(name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(RESOURCE), default="singles")
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("program", nargs="+", type=os.path.abspath)
    options = parser.parse_args()
    services.CONFIG = "pool_size = 1\n" + services.CONFIG
    seen = {program: [] for program in options.program}
    with Cluster() as cluster:
        cluster.create("workload")
        with contextlib.closing(cluster.connect("workload")) as connection:
            rows(connection, (HERE / "bench_tables.sql").read_text(encoding="utf-8"))
        for _ in range(options.rounds):
            for program in options.program:
                seen[program].append(
                    one_round(cluster, program, options.kind, options.requests)
                )
    for program, rounds in seen.items():
        for name in rounds[0]:
            backend, trashd = (statistics.median(r[name][i] for r in rounds) for i in (0, 1))
            print(f"{program}: {name:8} backend {backend:7.0f} µs, trashd {trashd:6.0f} µs")


if __name__ == "__main__":
    main()
