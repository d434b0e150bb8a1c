#!/usr/bin/env python3
"""Runs the benchmark in its smallest form and looks whether every figure is there, good or not.

Usage: bench_smoke.py TRASHD [--peers]. The peers take some minutes more, and packages from npm.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
PACKAGES = HERE / "peers" / "node_modules" / ".installed"
OPERATIONS = {
    "read",
    "delete",
    "list",
    "restore",
    "purge",
    "delete_group",
    "restore_group",
    "purge_group",
}
PLOTS = ["throughput.svg", "groups.svg", "pages.svg"]
EXPECTED = {
    "rates": {"singles", "groups"},
    "by_clients": {"singles", "groups"},
    "all_three": {"singles", "groups"},
    "groups": {"1", "10", "56"},
    "pages": None,
    "stable_plans": None,
    "beside": None,
    "round_trips": None,
    "start": None,
    "memory": None,
    "http_alone_rate": None,
    "captured": {"row_us", "row_median_us", "group_us", "of_many_us", "many", "peak_mib"},
}
SIDES = {
    "plain",
    "plain_restore",
    "plain_purge",
    "trashd",
    "trashd_restore",
    "trashd_purge",
    "cascade",
}


def numbers(found, name):
    """Every number below, with its place."""
    if isinstance(found, dict):
        for key, below in found.items():
            yield from numbers(below, f"{name}/{key}")
    elif isinstance(found, list):
        for each in found:
            yield from numbers(each, name)
    elif not isinstance(found, (str, bool)):
        yield name, found


def faults(result):
    for part, members in EXPECTED.items():
        if not result.get(part):
            yield f"{part} is missing"
        elif members and set(result[part]) != members:
            yield f"{part} has {sorted(result[part])}, not {sorted(members)}"
        else:
            yield from (
                f"{name} is {value}" for name, value in numbers(result[part], part) if not value > 0
            )
    for size, sides in result.get("groups", {}).items():
        if set(sides) != SIDES:
            yield f"groups of {size} have {sorted(sides)}"
    if len(result.get("bars", [])) < 14:
        yield "bars are missing"


def peer_faults(peers):
    """The peers are there unless their packages could not be installed; the floor and trashd are always."""
    if peers["left_out"]:
        print(f"the peers were left out: {peers['left_out']}")
        if PACKAGES.exists():
            yield "peers are left out though their packages are installed"
    sides = {"floor", "trashd"} | (set() if peers["left_out"] else {"classic", "orm"})
    if set(peers["start"]) != sides - {"floor"}:
        yield f"starts of {sorted(peers['start'])}"
    for clients, operations in peers["rates"].items():
        if set(operations) != OPERATIONS:
            yield f"operations with {clients} clients are {sorted(operations)}"
        for operation, found in operations.items():
            if set(found) != sides:
                yield f"{operation} has the sides {sorted(found)}"
    yield from (
        f"{name} is {value}"
        for part in ("start", "rates")
        for name, value in numbers(peers[part], f"peers/{part}")
        if not value > 0
    )


def main():
    with_peers = "--peers" in sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        figures, plots = pathlib.Path(folder) / "bench.json", pathlib.Path(folder) / "plots"
        subprocess.run(
            [
                "timeout",
                "1500" if with_peers else "300",
                sys.executable,
                HERE / "bench.py",
                "--tiny",
                "--program",
                sys.argv[1],
                "--json",
                figures,
                "--plots",
                plots,
                *([] if with_peers else ["--no-peers"]),
            ],
            check=True,
        )
        result = json.loads(figures.read_text(encoding="utf-8"))
        found = list(faults(result))
        if with_peers:
            found += peer_faults(result["peers"])
        found += [
            f"{name} was not drawn"
            for name in PLOTS + (["peers.svg"] if with_peers else [])
            if "<svg" not in (plots / name).read_text(encoding="utf-8")
        ]
    for fault in found:
        print(fault)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
