#!/usr/bin/env python3
"""A PostgreSQL cluster of one's own with the demo, and services on databases of it, for who drives a browser.

Usage: world.py TRASHD. Reads commands as lines of JSON and answers each with one: {"open": {"config": …, "keys":
{name: role}}} makes a database and a service, {"sql": …, "site": n} runs SQL there, {"hold": …, "site": n, "name": …}
runs SQL in a transaction that stays open until {"release": n, "name": …}, {"stop": n} and {"start": n} end and start a
service, which keeps its address. Ends when its input does.
"""
import contextlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "bench"))  # whose cluster and service these are

from cluster import Cluster, rows  # noqa: E402
from service import Service  # noqa: E402

DEMO = (ROOT / "demo/trashd.toml").read_text(encoding="utf-8")


class World:
    def __init__(self, program, cluster, stack):
        self.program, self.cluster, self.stack = program, cluster, stack
        self.sites = []
        url = cluster.url(cluster.create("template_demo"))
        for name in ("schema.sql", "data.sql"):
            self.run(cluster.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", ROOT / "demo" / name)

    def run(self, *command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{command[0]} failed: {done.stderr or done.stdout}")
        return done.stdout

    def open(self, config="", keys=None, sql=""):
        number = len(self.sites)
        database = self.cluster.create(f"site_{number}", "template_demo")
        if sql:
            self.sql(sql, database)
        service = self.serve(database, number, config)
        self.sites.append({"database": database, "config": config, "service": service, "held": {}})
        made = {name: self.key(database, number, name, role) for name, role in (keys or {}).items()}
        return {"site": number, "base": service.base, "keys": made}

    def serve(self, database, number, config, port=0):
        log = self.cluster.folder / f"trashd-{number}.log"
        service = Service(self.program, self.cluster.url(database), log, settings=config, config=DEMO, port=port)
        self.stack.callback(service.stop)
        return service

    def key(self, database, number, name, role):
        role, *tenant = role.split("@")
        options = ["--tenant", tenant[0]] if tenant else []
        config = self.cluster.folder / f"trashd-{number}.log.toml"
        return self.run(self.program, "key", "create", name, "--role", role, *options, "--database",
                        self.cluster.url(database), "--config", config).split()[-1]

    def sql(self, text, database):
        with contextlib.closing(self.cluster.connect(database)) as connection:
            return [list(map(str, row)) for row in rows(connection, text)]

    def hold(self, text, site, name):
        connection = site["held"][name] = self.cluster.connect(site["database"])
        connection.autocommit = False
        rows(connection, text)
        return {}

    def release(self, site, name):
        connection = site["held"].pop(name)
        connection.commit()
        connection.close()
        return {}

    def start(self, number):
        site = self.sites[number]
        site["service"] = self.serve(site["database"], number, site["config"], site["service"].port)
        return {}

    def answer(self, command):
        if "open" in command:
            return self.open(**command["open"])
        if "hold" in command:
            return self.hold(command["hold"], self.sites[command["site"]], command["name"])
        if "release" in command:
            return self.release(self.sites[command["release"]], command["name"])
        if "start" in command:
            return self.start(command["start"])
        if "stop" in command:
            command = {"close": command["stop"]}
        if "close" in command:
            self.sites[command["close"]]["service"].stop()
            return {}
        return {"rows": self.sql(command["sql"], self.sites[command["site"]]["database"])}


def main():
    settings = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "'128MB'"}
    with Cluster(settings=settings, prefix="trashd-panel-") as cluster, contextlib.ExitStack() as stack:
        world = World(pathlib.Path(sys.argv[1]).resolve(), cluster, stack)
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            print(json.dumps(world.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
