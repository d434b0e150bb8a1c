"""Many clients at once: wrk against trashd, pgbench against the floors."""
import glob
import json
import pathlib
import subprocess
import tempfile
import time

from cluster import value
from floors import pgbench_script

WARM_UP = 0.4  # seconds of a pgbench round that do not count: its connections are new each time
HERE = pathlib.Path(__file__).parent


def percentile(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))]


class RanOut(Exception):
    """A round says nothing: it was faster than what there was for it, so that its last requests found nothing."""


def wrk(service, clients, seconds, request, available=None):
    """request: method, prefix, suffix, first number, and perhaps a file of what to put between ("" is
    none) and after how many numbers it begins anew. RanOut where more than what is available was used,
    or nothing was answered on a very busy machine."""
    method, prefix, suffix, first, *more = request
    threads = str(min(2, clients))
    command = [
        "wrk",
        "-t",
        threads,
        "-c",
        str(clients),
        "-d",
        f"{seconds}s",
        "--timeout",
        "60s",
        "-s",
        str(HERE / "drive.lua"),
        service.base,
        "--",
        threads,
        method,
        prefix,
        suffix,
        str(first),
        *map(str, more),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    result = json.loads(line[0][7:])
    if available is not None and (result["used"] > available or not result["requests"]):
        raise RanOut
    if result["failed"] or not result["requests"]:
        raise SystemExit(f"{method} {prefix}: {result}\n{done.stderr}")
    result["rate"] = result["requests"] / result["seconds"]
    return result


def settle(connection):
    """Waits until no other session of this database works: what wrk left in the air is done."""
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
    )
    quiet_since = time.monotonic()
    while time.monotonic() < quiet_since + 0.05:
        if value(connection, busy):
            quiet_since = time.monotonic()
        time.sleep(0.005)


def pgbench(cluster, database, clients, seconds, statements, base, span=None):
    """The same for hand-written statements; ids from base on, interleaved by client, after span anew."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "script.sql"
        script.write_text(pgbench_script(statements, span), encoding="utf-8")
        command = [
            cluster.programs / "pgbench",
            "-h",
            cluster.folder,
            "-U",
            cluster.user,
            "-n",
            "-M",
            "prepared",
            "-c",
            clients,
            "-j",
            min(2, clients),
            "-T",
            seconds,
            "-D",
            f"base={base}",
            "-D",
            "n=0",
            "-D",
            f"clients={clients}",
            "-f",
            script,
            "-l",
            "--log-prefix",
            f"{folder}/log",
            database,
        ]
        done = subprocess.run(
            list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode or "failed" in done.stderr:
            raise SystemExit(f"pgbench: {done.stderr}")
        lines = []
        for name in glob.glob(f"{folder}/log*"):
            lines += pathlib.Path(name).read_text(encoding="utf-8").splitlines()
    if not lines:  # nothing came to its end on a very busy machine, so nothing was changed
        return pgbench(cluster, database, clients, 2 * seconds, statements, base, span)
    return summarised([line.split() for line in lines], clients)


def summarised(lines, clients):
    """pgbench's log: client, number of its transaction, µs, script, end in seconds and µs.

    On a busy machine a short run may have done nothing but warm up; then that is what is told.
    """
    ends = [int(line[4]) + int(line[5]) / 1e6 for line in lines]
    begin = min(end - int(line[2]) / 1e6 for end, line in zip(ends, lines)) + WARM_UP
    if max(ends) <= begin:
        begin -= WARM_UP
    kept = [(end, int(line[2]) / 1e3) for end, line in zip(ends, lines) if end >= begin]
    latencies = sorted(latency for _, latency in kept)
    return {
        "requests": len(lines),
        "rate": len(kept) / (max(ends) - begin),
        "used": clients * max(int(line[1]) + 1 for line in lines),
        "p50_ms": percentile(latencies, 0.5),
        "p99_ms": percentile(latencies, 0.99),
    }
