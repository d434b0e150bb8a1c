"""The figures as JSON, and as a table of the bars with what was reached."""
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess


def first_match(path, pattern, default="?"):
    try:
        with open(path, encoding="utf-8") as file:
            found = re.search(pattern, file.read(), re.M)
    except OSError:
        return default
    return found[1].strip() if found else default


def machine(postgresql):
    memory = int(first_match("/proc/meminfo", r"^MemTotal:\s+(\d+)", "0")) / 1024 / 1024
    return {
        "cores": os.cpu_count(),
        "cpu": first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)"),
        "memory_gib": round(memory, 1),
        "system": first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"'),
        "kernel": platform.release(),
        "postgresql": postgresql,
    }


def revision():
    command = ["git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


def ratio(sides, name="trashd", floor="plain", key="rate"):
    return sides[name][key] / sides[floor][key]


def page_bars(pages):
    sizes = sorted({size for kind in pages.values() for size in kind}, key=int)
    for kind, found in pages.items():
        yield (
            f"page of 50 of {kind}, {sizes[-1]} items against {sizes[0]}",
            found[sizes[-1]]["p50_ms"] / found[sizes[0]]["p50_ms"],
            "<",
            2,
        )


def group_bars(groups):
    size = max(groups, key=int)
    found = groups[size]
    yield f"delete of {size} rows, times the hand-written", ratio(found, key="ms"), "<=", 1.3
    yield f"delete of {size} rows, times the cascade", ratio(
        found, floor="cascade", key="ms"
    ), "<=", 2
    yield f"restore of {size} rows, times its delete", ratio(
        found, "trashd_restore", "trashd", "ms"
    ), "<=", 1.5
    yield f"purge of {size} rows, times its delete", ratio(
        found, "trashd_purge", "trashd", "ms"
    ), "<=", 0.25


# Parts of the floor, and times the service written by hand, at the most clients.
PEER_BARS = {
    "read": {"floor": 0.33, "classic": 1.5},
    "delete": {"floor": 0.8},
    "list": {"classic": 2.5},
    "restore": {"floor": 0.7},
    "purge": {"floor": 0.6},
    "delete_group": {"floor": 0.9},
    "restore_group": {"floor": 0.85},
    "purge_group": {"floor": 0.8},
}
PEER_OPERATIONS = {
    "read": "read one row",
    "delete": "delete one row",
    "list": "list the 50 newest in the trash",
    "restore": "restore one row",
    "purge": "purge one row",
    "delete_group": "delete 56 rows",
    "restore_group": "restore 56 rows",
    "purge_group": "purge 56 rows",
}
PEER_SIDES = {
    "floor": "by hand, no HTTP",
    "classic": "classic (deleted_at)",
    "orm": "ORM (Sequelize)",
    "trashd": "trashd",
}


def times_of(sides, other):
    """trashd's rate by that of another, each round by itself: the sides took turns in it."""
    pairs = zip(sides["trashd"]["rounds"], sides[other]["rounds"])
    return statistics.median(mine / theirs for mine, theirs in pairs)


def peer_bars(rates):
    clients = max(rates, key=int)
    for operation, others in PEER_BARS.items():
        for other, bar in others.items():
            if other in rates[clients][operation]:
                what = "part of the floor" if other == "floor" else f"times the {other}"
                yield (
                    f"{PEER_OPERATIONS[operation]}, {clients} clients, {what}",
                    times_of(rates[clients][operation], other),
                    ">=",
                    bar,
                )


def bars(result):
    """(what, reached, comparison, bar) of everything that a bar is set for."""
    if "rates" in result:
        yield from own_bars(result)
    if "captured" in result:
        yield from captured_bars(result["captured"])
    if "peers" in result:
        yield from peer_bars(result["peers"]["rates"])


def own_bars(result):
    for kind, name in (("singles", "one row"), ("groups", "56 rows in 4 tables")):
        if kind in result["rates"]:
            yield f"delete of {name}, 16 clients, part of the floor", ratio(
                result["rates"][kind]
            ), ">=", 0.7
    yield from group_bars(result["groups"])
    yield from page_bars(result["pages"])
    parts = [each["part"] for found in result["stable_plans"].values() for each in found.values()]
    yield "stable plans, least part of the clean rate", min(parts), ">=", 0.8
    beside = result["beside"]
    times = beside["trashd"]["times"]
    yield f"p99 of one row beside {beside['size']} rows, times alone", times, "<", 2
    trips = result["round_trips"].values()
    yield "round trips of a delete, most over fewest", max(trips) / min(trips), "<=", 1
    yield f"start on {result['start']['tables']} tables, s", result["start"]["median_s"], "<", 1
    yield "peak resident memory, MiB", result["memory"]["peak_mib"], "<", 64


def captured_bars(found):
    row = found["row_us"]
    yield "captured delete of one row, µs more than the plain one", row["captured"] - row[
        "plain"
    ], "<", 60
    for name, what in (("group_us", "56 rows"), ("of_many_us", f"{found['many']} rows")):
        yield f"captured delete of {what}, times the archive trigger", found[name][
            "captured"
        ] / found[name]["archive"], "<=", 1.2


def captured_lines(found):
    for name, what in (
        ("row_us", "one row"),
        ("group_us", "56 rows"),
        ("of_many_us", f"each of {found['many']} rows"),
    ):
        sides = ", ".join(f"{side} {us:.1f} µs" for side, us in found[name].items())
        yield f"{what}: {sides}"
    peaks = ", ".join(f"{side} {mib:.0f} MiB" for side, mib in found["peak_mib"].items())
    yield f"most memory of the backend: {peaks}"


def beside_the_bars(result):
    """What puts the bars into place."""
    if "rates" in result:
        yield from own_places(result)
    if result["load"][0] > 0.5 * result["machine"]["cores"]:
        yield f"other work was going on (load {result['load'][0]:.1f} at the start): measure again"


def own_places(result):
    for kind in result["rates"]:
        part = ratio(result["rates"][kind], floor="books")
        yield f"{kind}: part of the floor that keeps the same books: {part:.2f}"
    size = max(result["groups"], key=int)
    times = ratio(result["groups"][size], "plain", "cascade", "ms")
    yield f"hand-written delete of {size} rows, times the cascade: {times:.2f}"
    beside = result["beside"]
    times = beside["plain"]["times"]
    yield f"hand-written p99 of one row beside {beside['size']} rows, times alone: {times:.2f}"


def met(reached, comparison, bar):
    return {"<": reached < bar, "<=": reached <= bar, ">=": reached >= bar}[comparison]


def rate_lines(result):
    for kind, sides in result["rates"].items():
        for side, found in sides.items():
            yield (
                f"{kind:8} {side:8} {found['rate']:9.0f}/s   p50 {found['p50_ms']:8.2f} ms"
                f"   p99 {found['p99_ms']:8.2f} ms"
            )
    for kind, steps in result["all_three"].items():
        for step, found in steps.items():
            yield f"{kind:8} {step:8} {found['rate']:9.0f}/s   p50 {found['p50_ms']:8.2f} ms"


def group_lines(groups):
    for size, sides in groups.items():
        for side, found in sides.items():
            wal = f"{found['wal_bytes_a_row']:8.0f} bytes of WAL a row"
            yield f"{size:>8} rows {side:15} {found['ms']:11.2f} ms {wal}"


def steady_lines(result):
    for when, found in result["stable_plans"].items():
        yield f"stable plans, {when}: " + ", ".join(
            f"{what} {each['part']:.2f}" for what, each in found.items()
        )
    beside = result["beside"]
    for side in ("plain", "trashd"):
        found = beside[side]
        yield (
            f"{side}: p99 of one row beside {beside['size']} rows {found['p99_ms_beside']:.1f} ms, "
            f"alone {found['p99_ms_alone']:.1f} ms, {found['times']:.1f} times"
        )
    yield f"round trips by size: {result['round_trips']}"


def peer_line(operation, sides, with_bars):
    line = f"{PEER_OPERATIONS[operation]:32}"
    line += "".join(
        f"{sides[name]['rate']:10.0f}" if name in sides else f"{'-':>10}" for name in PEER_SIDES
    )
    for other in ("floor", "classic"):
        reached = f"{times_of(sides, other):.2f}" if other in sides else "-"
        bar = PEER_BARS[operation].get(other) if with_bars else None
        line += f"{reached:>10} {f'(>= {bar})' if bar else '':9}"
    return line.rstrip()


def peer_lines(peers):
    """A table for each number of clients; a ratio is the median of the rounds' own."""
    if peers["left_out"]:
        yield f"the columns of the peers are left out: {peers['left_out']}"
    most = max(peers["rates"], key=int)
    for clients, operations in peers["rates"].items():
        head = "".join(f"{name:>10}" for name in PEER_SIDES)
        what = f"requests a second, {clients} client{'s' if clients != '1' else ''}"
        yield f"{what:32}{head}{'of floor':>10}{'':10}{'x classic':>10}"
        for operation, sides in operations.items():
            yield peer_line(operation, sides, clients == most)
    for name, found in peers["start"].items():
        yield f"{name}: starts in {found['s']:.2f} s, {found['mib']:.0f} MiB resident then"


def text(result):
    lines = []
    if "rates" in result:
        lines += ["# throughput", *rate_lines(result)]
        lines += ["# groups, one client", *group_lines(result["groups"])]
        lines += ["# else", *steady_lines(result)]
    if "captured" in result:
        lines += ["# deletes that others send", *captured_lines(result["captured"])]
    if "peers" in result:
        lines += ["# beside peers", *peer_lines(result["peers"])]
    lines.append("# bars")
    for what, reached, comparison, bar in bars(result):
        mark = "ok  " if met(reached, comparison, bar) else "MISS"
        lines.append(f"{mark} {what}: {reached:.2f} ({comparison} {bar})")
    return "\n".join(lines + list(beside_the_bars(result)))


def write(result, path):
    result["bars"] = [
        {
            "what": what,
            "reached": reached,
            "bar": f"{comparison} {bar}",
            "met": met(reached, comparison, bar),
        }
        for what, reached, comparison, bar in bars(result)
    ]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
        file.write("\n")
