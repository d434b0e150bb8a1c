#!/usr/bin/python3
"""Measures the web panel in Chromium, on a trash of 100,000 groups of which one has 100,000 rows. See script/bench.

What is deleted is deleted through the service, as five people would; only the times of the deletions are spread over
a year afterwards, by SQL. The browser is driven by panel.mjs, which prints its figures as JSON.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import report
from cluster import Cluster, rows, value
from service import Service

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEMO = (ROOT / "demo/trashd.toml").read_text(encoding="utf-8")

# The groups are not rehearsed meanwhile, so that nothing but what is measured keeps the machine busy.
SETTINGS = """
[credentials]
api_keys = true
anonymous = "all"

[roles]
all = "*"

[limits]
async_rows = 0
statement_timeout_ms = 600000

[proof]
every_hours = 0

"""
PEOPLE = ("anna", "bela", "cyril", "dora", "emil")
REASONS = ("", "wrong client", "duplicate", "asked for by the customer", "")
NAMED = 1000  # objects that one request names

SHAPES = {
    "full": {"tasks": 60000, "clients": 29999, "projects": 10000, "big": 100000},
    "tiny": {"tasks": 300, "clients": 200, "projects": 50, "big": 1000},
}
BROWSER = {
    "full": {"loads": 10, "turns": 200, "repeats": 5, "words": "relaunch 77"},
    "tiny": {"loads": 1, "turns": 20, "repeats": 2, "words": "relaunch 7"},
}

# Rows to be deleted: names by which they can be told apart, ids that say which number they have.
TASKS = """
INSERT INTO task (id, name, author, note)
SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Task relaunch ' || n,
    (SELECT id FROM "user" ORDER BY id LIMIT 1), repeat('what is to be done ', 5)
FROM generate_series(1, %s) n
"""
CLIENTS = """
WITH clients AS (
  INSERT INTO client (id, name, city, "streetAddress")
  SELECT ('20000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Client ' || n, 'Town ' || n %% 100,
      'Street ' || n
  FROM generate_series(1, %s) n RETURNING id)
INSERT INTO contact_person (client, "firstName", "lastName") SELECT id, 'Petra', 'Of ' || right(id::text, 6) FROM clients
"""
PROJECTS = """
WITH projects AS (
  INSERT INTO project (id, name, owner)
  SELECT ('30000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Project ' || n,
      (SELECT id FROM "user" ORDER BY id LIMIT 1)
  FROM generate_series(1, %s) n RETURNING id)
INSERT INTO task (name, project) SELECT 'Step ' || s || ' of ' || right(id::text, 5), id
FROM projects, generate_series(1, 5) s
"""
BIG = "40000000-0000-4000-8000-000000000001"
BIG_PROJECT = f"""
INSERT INTO project (id, name, owner)
SELECT '{BIG}', 'The big one', id FROM "user" ORDER BY id LIMIT 1
"""
BIG_TASKS = f"INSERT INTO task (name, project) SELECT 'Part ' || n, '{BIG}' FROM generate_series(1, %s) n"
BIG_RECORDS = f"""
INSERT INTO time_record (description, project, "user", duration)
SELECT 'Meeting ' || n, '{BIG}', (SELECT id FROM "user" ORDER BY id LIMIT 1), n %% 480
FROM generate_series(1, %s) n
"""
SPREAD = "UPDATE trashd.trash_group SET created_at = now() - (random() * interval '365 days')"


class Filling:
    """Deletes rows as several people, in requests of many objects each."""

    def __init__(self, service, keys):
        self.service, self.keys = service, keys

    def ask(self, number, method, path, body=None):
        headers = {"X-API-Key": self.keys[number % len(self.keys)], "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self.service.host, self.service.port, timeout=600)
        with contextlib.closing(connection):
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status // 100 != 2:
                raise SystemExit(f"{method} {path}: {answer.status} {text[:500].decode()}")
            return answer.headers["Location"]

    def many(self, resource, first, amount):
        ids = [f"{first}0000000-0000-4000-8000-{n:012}" for n in range(1, amount + 1)]
        parts = [ids[at : at + NAMED] for at in range(0, amount, NAMED)]

        def remove(number):
            reason = REASONS[number % len(REASONS)].replace(" ", "%20")
            path = f"/v1/{resource}/bulk-delete" + (f"?reason={reason}" if reason else "")
            self.ask(number, "POST", path, {"ids": parts[number]})

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(remove, range(len(parts))))


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr or done.stdout}")
    return done.stdout


class Bench:
    def __init__(self, cluster, options):
        self.cluster, self.options = cluster, options
        self.begin = time.monotonic()

    def say(self, what):
        print(f"[{time.monotonic() - self.begin:5.0f} s] {what}", file=sys.stderr, flush=True)

    def make_database(self):
        url = self.cluster.url(self.cluster.create("panel"))
        for name in ("schema.sql", "data.sql"):
            run(self.cluster.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", ROOT / "demo" / name)
        return url

    def serve(self, url):
        return Service(self.options.program, url, self.cluster.folder / "panel.log", config=SETTINGS + DEMO)

    def keys(self, url):
        config = self.cluster.folder / "panel.log.toml"
        made = [
            run(self.options.program, "key", "create", name, "--role", "all", "--database", url, "--config", config)
            for name in PEOPLE
        ]
        return [text.split()[-1] for text in made]

    def fill(self, service, url):
        shape = SHAPES[self.options.shape]
        self.say("rows are made")
        with contextlib.closing(self.cluster.connect("panel")) as connection:
            for sql, amount in ((TASKS, "tasks"), (CLIENTS, "clients"), (PROJECTS, "projects")):
                rows(connection, sql, (shape[amount],))
            rows(connection, BIG_PROJECT)
            rows(connection, BIG_TASKS, (shape["big"] // 10,))
            rows(connection, BIG_RECORDS, (shape["big"] - shape["big"] // 10 - 1,))
            rows(connection, "VACUUM ANALYZE")
            self.say("rows are deleted")
            filling = Filling(service, self.keys(url))
            filling.many("time/tasks", 1, shape["tasks"])
            filling.many("time/clients", 2, shape["clients"])
            filling.many("time/projects", 3, shape["projects"])
            self.say("the large group is deleted")
            big = filling.ask(0, "DELETE", f"/v1/time/projects/{BIG}?reason=too%20big")
            rows(connection, SPREAD)
            rows(connection, "VACUUM FULL ANALYZE trashd.trash_group")
            rows(connection, "VACUUM ANALYZE trashd.item")
            groups = value(connection, "SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed'")
            items = value(connection, "SELECT count(*) FROM trashd.item")
        self.say(f"{groups} groups with {items} rows lie in the trash")
        return {"groups": groups, "items": items, "big": big.rpartition("/")[2]}

    def drive(self, service, trash):
        asked = BROWSER[self.options.shape] | {"base": service.base, "big": trash["big"]}
        asked |= {name: getattr(self.options, name) for name in ("loads", "turns") if getattr(self.options, name)}
        with subprocess.Popen(
            ["node", str(HERE / "panel.mjs"), json.dumps(asked)], stdout=subprocess.PIPE, text=True
        ) as driver:
            text = driver.communicate()[0]
        if driver.returncode:
            raise SystemExit("the browser could not be driven")
        return json.loads(text)

    def all(self):
        url = self.make_database()
        with self.serve(url) as service:
            trash = self.fill(service, url)
        with contextlib.closing(self.cluster.connect()) as connection:
            version = value(connection, "SHOW server_version").split()[0]
        # A service that has just been started, as after an upgrade.
        with self.serve(url) as service:
            self.say("the browser measures")
            figures = self.drive(service, trash)
        return {
            "machine": report.machine(version),
            "revision": report.revision(),
            "load": os.getloadavg(),
            "trash": trash,
            **figures,
            "seconds": time.monotonic() - self.begin,
        }


def load_bars(loads):
    bars = {"local": 1000, "slowed": 1500}
    for screen, profiles in loads.items():
        for profile, found in profiles.items():
            name = f"{screen}, {profile}"
            yield f"{name}: first row of data, ms, median", found["row_ms"]["median"], "<", bars[profile]
            yield f"{name}: LCP, ms, median", found["lcp_ms"]["median"], "<", bars[profile]
            yield f"{name}: requests before the first row", found["before_row"], "<=", 8


def bars(result):
    """(what, reached, comparison, bar) of everything that a bar is set for."""
    yield from load_bars(result["loads"])
    for name, found in result["turns"].items():
        yield f"{name}, ms beside the server's {found['server_ms']:.0f}", found["beside_ms"], "<", 300
    for name, found in result["big"].items():
        yield f"large group: {name}, ms, median", found["median"], "<", 1000
    yield "slowest answer to a click, ms", result["clicks"]["worst_ms"], "<=", 200
    yield "memory after the page turns, MB", result["memory"]["most_mb"], "<", 60
    yield "frames while scrolling, ms, 95 % under", result["frames"]["p95_ms"], "<", 50
    yield "rows in the page at the most", result["most_rows"], "<=", 1000
    yield "requests at once at the most", result["most_at_once"], "<=", 4


def spread(found):
    return f"median {found['median']:.0f}, worst {found['worst']:.0f}"


def text(result):
    lines = ["# loads of a page that nothing is known of"]
    for screen, profiles in result["loads"].items():
        for profile, found in profiles.items():
            lines.append(
                f"{screen}, {profile}: first row {spread(found['row_ms'])} ms, LCP {spread(found['lcp_ms'])} ms, "
                f"{found['before_row']} requests before it, calibration {spread(found['calibration_ms'])} ms"
            )
    lines.append("# on the list")
    for name, found in result["turns"].items():
        lines.append(
            f"{name}: {spread(found['page_ms'])} ms in the page, {found['server_ms']:.0f} of them the server's; "
            f"facets {found['facets_ms']:.0f}"
        )
    lines += [f"large group, {name}: {spread(found)} ms" for name, found in result["big"].items()]
    lines += [f"click on {name}: answered within {ms:.0f} ms" for name, ms in result["clicks"]["each_ms"].items()]
    memory = result["memory"]
    lines.append(f"memory over {memory['turns']} page turns, MB: {memory['by_turn_mb']}")
    lines.append(f"calibration loop meanwhile: {spread(result['calibration_ms'])} ms")
    lines.append("# bars")
    for what, reached, comparison, bar in bars(result):
        mark = "ok  " if report.met(reached, comparison, bar) else "MISS"
        lines.append(f"{mark} {what}: {reached:.1f} ({comparison} {bar})")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="the trashd to measure")
    parser.add_argument(
        "--tiny", dest="shape", action="store_const", const="tiny", default="full", help="to see that it works"
    )
    parser.add_argument(
        "--json", type=pathlib.Path, default=pathlib.Path("bench-panel.json"), help="where the figures go"
    )
    parser.add_argument("--loads", type=int, help="of each screen, on each line")
    parser.add_argument("--turns", type=int, help="of pages, over which memory is looked at")
    parser.add_argument("--data-dir", help="where the cluster is made; by default the folder for temporary files")
    options = parser.parse_args()
    options.program = str(pathlib.Path(options.program).resolve())
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends
    with Cluster(options.data_dir) as cluster:
        result = Bench(cluster, options).all()
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(text(result))


if __name__ == "__main__":
    main()
