#!/usr/bin/env python3
"""Runs the benchmark in its smallest form and looks whether every figure is there, good or not.

Usage: bench_smoke.py TRASHD
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
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


def main():
    with tempfile.TemporaryDirectory() as folder:
        figures, plots = pathlib.Path(folder) / "bench.json", pathlib.Path(folder) / "plots"
        subprocess.run(
            [
                "timeout",
                "300",
                sys.executable,
                HERE / "bench.py",
                "--tiny",
                "--program",
                sys.argv[1],
                "--json",
                figures,
                "--plots",
                plots,
            ],
            check=True,
        )
        found = list(faults(json.loads(figures.read_text(encoding="utf-8"))))
        found += [
            f"{name} was not drawn"
            for name in ("throughput.svg", "groups.svg", "pages.svg")
            if "<svg" not in (plots / name).read_text(encoding="utf-8")
        ]
    for fault in found:
        print(fault)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
