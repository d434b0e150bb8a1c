#!/usr/bin/python3
"""Measures trashd against hand-written SQL on the same server, in one run. See script/bench."""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import sys
import time

import captured
import pages
import plots
import report
import small
import steady
from cluster import SETTINGS, Cluster, rows, value
from groups import Groups
from load import wrk
from peers import Peers
from rates import Rates
from service import Service

HERE = pathlib.Path(__file__).parent

# short: meant to take under 25 minutes. big: what the bars are set for. tiny: seconds, to see that it works.
SHAPES = {
    "short": {
        "seconds": 2,
        "rounds": 5,
        "client_rounds": 3,
        "clients": [1, 2, 4, 8, 16, 32],
        "sizes": [1, 10, 100, 1000, 10000, 100000],
        "size_rounds": 3,
        "pages": [10000, 1000000],
        "page_repeats": 60,
        "huge": 1000000,
        "turns": 5000,
        "beside": 100000,
        "tables": 1000,
        "starts": 5,
        "peer_clients": [1, 16],
        "peer_seconds": 1,
        "peer_rounds": 3,
        "captured_turns": 40,
        "captured_many": 200000,
        "peer_groups": 500,
        "peer_warm_up": 2000,
    },
    "big": {
        "seconds": 3,
        "rounds": 4,
        "client_rounds": 2,
        "clients": [1, 2, 4, 8, 16, 32],
        "sizes": [1, 10, 100, 1000, 10000, 100000, 1000000],
        "size_rounds": 2,
        "pages": [10000, 10000000],
        "page_repeats": 100,
        "huge": 1000000,
        "turns": 100000,
        "beside": 1000000,
        "tables": 1000,
        "starts": 3,
        "peer_clients": [1, 16],
        "peer_seconds": 2,
        "peer_rounds": 5,
        "captured_turns": 40,
        "captured_many": 1000000,
        "peer_groups": 500,
        "peer_warm_up": 2000,
    },
    "tiny": {
        "seconds": 1,
        "rounds": 1,
        "client_rounds": 1,
        "clients": [2],
        "sizes": [1, 10, 56],
        "size_rounds": 1,
        "pages": [1120, 2240],
        "page_repeats": 3,
        "huge": 5600,
        "turns": 0,
        "beside": 1000,
        "tables": 20,
        "starts": 1,
        "peer_clients": [2],
        "peer_seconds": 1,
        "peer_rounds": 1,
        "captured_turns": 2,
        "captured_many": 1000,
        "peer_groups": 5,
        "peer_warm_up": 1,
    },
}


class Bench:
    def __init__(self, cluster, program, shape, with_peers=True):
        self.cluster, self.program, self.shape = cluster, program, shape
        self.with_peers = with_peers
        self.begin = time.monotonic()

    def say(self, what):
        print(f"[{time.monotonic() - self.begin:5.0f} s] {what}", file=sys.stderr, flush=True)

    def make_workload(self):
        self.cluster.create("workload")
        with contextlib.closing(self.cluster.connect("workload")) as connection:
            for name in ("bench_tables.sql", "floors.sql"):
                rows(connection, (HERE / name).read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def database(self, name):
        """A fresh copy of the workload with a trashd on it."""
        self.cluster.create(name, "workload")
        log = self.cluster.folder / f"{name}.log"
        try:
            with Service(self.program, self.cluster.url(name), log) as service:
                yield service
        finally:
            self.cluster.drop(name)

    def rates(self, name, service):
        return Rates(self.cluster, name, service, self.shape["seconds"])

    def throughput(self):
        shape, result = self.shape, {"rates": {}, "by_clients": {}, "all_three": {}}
        most = max(number for number in shape["clients"] if number <= 16)
        with self.database("throughput") as service:
            rates = self.rates("throughput", service)
            result["http_alone_rate"] = wrk(
                service, most, shape["seconds"], ("GET", "/healthz?", "", 1)
            )["rate"]
            for kind in ("singles", "groups"):
                self.say(f"deletes of {kind}")
                sides = rates.compare(kind, ["plain", "books", "trashd"], most, shape["rounds"])
                result["rates"][kind] = sides
                self.say(f"deletes of {kind} by clients")
                result["by_clients"][kind] = {
                    str(clients): sides
                    if clients == most
                    else rates.compare(kind, ["plain", "trashd"], clients, shape["client_rounds"])
                    for clients in shape["clients"]
                }
                self.say(f"deletes, restores and purges of {kind}")
                result["all_three"][kind] = rates.all_three(kind, most, shape["client_rounds"])
        return result

    def groups(self):
        with self.database("groups") as service:
            groups = Groups(self.cluster, "groups", service)
            before = service.memory()["resident_mib"]
            groups.measure(10, 1)  # to get warm
            result = {}
            for size in self.shape["sizes"]:
                self.say(f"groups of {size}")
                result[str(size)] = groups.measure(size, self.shape["size_rounds"])
            return {"groups": result, "memory": {"at_start_mib": before} | service.memory()}

    def pages(self):
        with contextlib.ExitStack() as stack:
            services = {}
            for size in self.shape["pages"]:
                self.say(f"pages: {size} items into the trash")
                name = f"pages_{size}"
                services[size] = stack.enter_context(self.database(name))
                with contextlib.closing(self.cluster.connect(name)) as connection:
                    pages.fill(connection, services[size], size)
            self.say("pages")
            return {"pages": pages.measure(services, self.shape["page_repeats"])}

    def steady(self):
        with self.database("clean") as clean, self.database("aged") as aged:
            self.say("stable plans")
            sides = self.rates("clean", clean), self.rates("aged", aged)
            result = {
                "stable_plans": steady.stable_plans(
                    *sides, self.shape["huge"], self.shape["turns"], self.shape["client_rounds"]
                )
            }
            self.say("beside other work")
            result["beside"] = steady.beside_other_work(
                sides[0], self.shape["beside"], self.shape["client_rounds"]
            )
            return result

    def small(self):
        self.say("round trips and starts")
        self.cluster.create("trips", "workload")
        trips = small.round_trips(self.cluster, self.program, "trips", self.shape["sizes"][:5])
        return {
            "round_trips": trips,
            "start": small.start(
                self.cluster, self.program, self.shape["tables"], self.shape["starts"]
            ),
        }

    def captured(self):
        self.say("deletes that others send")
        return captured.measure(
            self.cluster, self.program, self.shape["captured_turns"], self.shape["captured_many"]
        )

    def peers(self):
        return {"peers": Peers(self.cluster, self.program, self.shape, self.say).measure()}

    def all(self, only=None):
        with contextlib.closing(self.cluster.connect()) as connection:
            version = value(connection, "SHOW server_version").split()[0]
        result = {
            "machine": report.machine(version),
            "revision": report.revision(),
            "load": os.getloadavg(),
            "settings": SETTINGS,
            "shape": self.shape,
        }
        self.make_workload()
        parts = [self.small, self.groups, self.throughput, self.pages, self.steady, self.captured]
        if self.with_peers:
            parts.append(self.peers)
        if only:
            parts = [only]
        for part in parts:
            result |= part()
        result["seconds"] = time.monotonic() - self.begin
        return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="the trashd to measure")
    parser.add_argument(
        "--big",
        dest="shape",
        action="store_const",
        const="big",
        default="short",
        help="groups of 1,000,000 rows, 10,000,000 items in the trash; takes longer",
    )
    parser.add_argument(
        "--tiny", dest="shape", action="store_const", const="tiny", help="to see that it works"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--no-peers", action="store_true", help="leave out the services that run on Node"
    )
    which.add_argument("--only-peers", action="store_true", help="measure nothing but beside them")
    which.add_argument(
        "--only-captured", action="store_true", help="measure nothing but deletes that others send"
    )
    parser.add_argument(
        "--json",
        type=pathlib.Path,
        help="where the figures go; by default bench.json, bench-peers.json with --only-peers",
    )
    parser.add_argument("--plots", type=pathlib.Path, help="folder for SVG plots")
    parser.add_argument(
        "--from-json", action="store_true", help="measure nothing: print and plot what --json holds"
    )
    parser.add_argument(
        "--data-dir", help="where the cluster is made; by default the folder for temporary files"
    )
    options = parser.parse_args()
    if not options.json:
        name = "-peers" if options.only_peers else "-captured" if options.only_captured else ""
        options.json = pathlib.Path(f"bench{name}.json")
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends
    if options.from_json:
        result = json.loads(options.json.read_text(encoding="utf-8"))
    else:
        with Cluster(options.data_dir) as cluster:
            bench = Bench(cluster, options.program, SHAPES[options.shape], not options.no_peers)
            only = bench.peers if options.only_peers else None
            result = bench.all(bench.captured if options.only_captured else only)
        report.write(result, options.json)
    print(report.text(result))
    if options.plots:
        options.plots.mkdir(parents=True, exist_ok=True)
        plots.write(result, options.plots)


if __name__ == "__main__":
    main()
