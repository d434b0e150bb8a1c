#!/usr/bin/env python3
"""Web hooks told to a partner that verifies them with the library of the specification.

Usage: webhooks.py TRASHD. Starts a cluster, one or two services and the partner, and checks that the partner is
told everything that was committed, in order, at least once: while it is down, slow, or refuses one message, and
while service and server are killed. The last line is `N passed, N failed`.
"""
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))  # whose cluster and service these are

from cluster import Cluster  # noqa: E402
from service import Service  # noqa: E402

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCHEMA = """
CREATE TABLE project (id int PRIMARY KEY, name text);
CREATE TABLE task (id int PRIMARY KEY, project int REFERENCES project ON DELETE CASCADE);
INSERT INTO project SELECT n, 'project ' || n FROM generate_series(1, 4000) n;
INSERT INTO task SELECT n, n FROM generate_series(1, 4000) n;
"""


def output(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True,
                          **options).stdout.strip()


class Partner:
    def __init__(self, tools):
        self.program = tools / "receiver.mjs"  # where node finds its modules
        self.program.write_bytes((HERE / "receiver.mjs").read_bytes())
        self.process = subprocess.Popen(["node", self.program, SECRET], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.messages, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            with self.changed:
                if "behaviour" in told:
                    self.behaviour = told["behaviour"]
                else:
                    self.messages.append(told)
                self.changed.notify_all()

    def behave(self, **how):
        self.process.stdin.write(json.dumps(how) + "\n")
        self.process.stdin.flush()
        self.wait(lambda: getattr(self, "behaviour", None) == how)

    def wait(self, good, seconds=60):
        with self.changed:
            return self.changed.wait_for(good, seconds)

    def told(self, path, taken=True):
        return [one for one in self.messages if one["path"] == path and (not taken or one["status"] < 300)]

    def wait_for(self, path, entries, seconds=60):
        """Whether all of these entries are told within that time."""
        return self.wait(lambda: {one["data"]["id"] for one in self.told(path)} >= set(entries), seconds)

    def close(self):
        self.process.kill()


class Trial:
    def __init__(self, program, tools, cluster):
        self.program, self.cluster = program, cluster
        self.partner = Partner(tools)
        self.folder = pathlib.Path(tools)
        self.passed = self.failed = 0

    def fresh(self, name, hooks):
        """A database of its own with a service that tells these paths."""
        self.partner.behave()
        with self.partner.changed:
            self.partner.messages.clear()
        self.url = self.cluster.url(self.cluster.create(name))
        self.sql(SCHEMA)
        self.hooks = "".join(f'[[webhook]]\nurl = "{self.address(path)}"\nsecret = "{SECRET}"\n{more}\n'
                             for path, more in hooks.items())
        return self.start()

    def address(self, path):
        return f"http://127.0.0.1:{self.partner.port}{path}"

    def start(self, name="service"):
        return Service(self.program, self.url, str(self.folder / f"{name}.log"), config=self.hooks)

    def sql(self, text):
        return output(self.cluster.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url,
                      "-c", text)

    def ledger(self, condition="true"):
        return self.sql(f"SELECT id FROM trashd.ledger WHERE {condition} ORDER BY id").split()

    def call(self, service, verb, address):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        try:
            connection.request(verb, address)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except OSError:
            return 0
        except http.client.HTTPException:
            return 0
        finally:
            connection.close()

    def trash(self, service, numbers):
        return [self.call(service, "DELETE", f"/v1/project/{number}") for number in numbers]

    def events(self, *words):
        file = self.folder / "events.toml"
        file.write_text(self.hooks, encoding="utf-8")
        return output(self.program, "events", *words, "--database", self.url, "--config", file)

    def status(self, path="/a"):
        return next(one for one in json.loads(self.events("status", "--json")) if one["url"] == self.address(path))

    def expect(self, what, good):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"{'ok' if good else 'FAILED'}: {what}", flush=True)

    def in_order(self, path):
        """Of each group, what was told first comes in the order of the ledger."""
        seen, last = set(), {}
        for one in self.partner.told(path):
            entry, group = int(one["data"]["id"]), one["data"]["groupId"]
            if entry in seen:
                continue
            seen.add(entry)
            if group and last.get(group, 0) > entry:
                return False
            last[group] = entry
        return True

    def ordinary(self):
        hooks = {"/a": "", "/b": 'actions = ["purged"]\nresources = ["task"]', "/slow": ""}
        with self.fresh("ordinary", hooks) as service:
            self.partner.behave(**{"/slow": "slow:3000"})
            began = time.monotonic()
            self.trash(service, range(1, 51))
            taken = time.monotonic() - began
            self.expect("everything is told", self.partner.wait_for("/a", self.ledger()))
            told = self.partner.told("/a")
            self.expect("once, in the order of the ledger", [one["data"]["id"] for one in told] == self.ledger())
            self.expect("as the library verifies", all(one["verified"] is True for one in told))
            self.expect("with type, time and entry", told[0]["type"] == "trashed" and told[0]["timestamp"] ==
                        told[0]["data"]["at"] and told[0]["data"]["resource"] == "project" and
                        told[0]["id"] == f"entry_{told[0]['data']['id']}")
            self.expect("a slow partner holds up neither deletes nor others",
                        taken < 30 and len(self.partner.told("/slow")) < 50)
            self.call(service, "DELETE", "/v1/task/60")
            purged = self.sql("SELECT uuid FROM trashd.trash_group ORDER BY id DESC LIMIT 1")
            self.call(service, "DELETE", f"/v1/trash/{purged}")
            self.call(service, "DELETE", "/v1/trash?resource=project&olderThan=0s")
            wanted = self.ledger("action = 'purged' AND table_name = 'task'")
            self.expect("a web hook is told what it asks for",
                        self.partner.wait_for("/b", wanted) and
                        [one["data"]["id"] for one in self.partner.told("/b")] == wanted)
            self.partner.wait_for("/a", self.ledger())
            time.sleep(1)  # what was taken is written down
            self.expect("the status says that it is told", self.status()["behind"] == 0 and self.status()["running"])

    def failing(self):
        with self.fresh("failing", {"/a": ""}) as service:
            self.trash(service, [1])
            self.partner.wait_for("/a", self.ledger())
            self.partner.behave(**{"/a": 503})
            self.trash(service, range(2, 12))
            self.partner.wait(lambda: len(self.partner.told("/a", taken=False)) >= 3, 30)
            self.expect("a partner that is down is not asked for each event",
                        len(self.partner.told("/a", taken=False)) < 8)
            self.expect("the status says why", self.status()["error"] == "answered 503" and
                        self.status()["failures"] > 0)
            self.partner.behave()
            self.expect("all is told when it is back", self.partner.wait_for("/a", self.ledger(), 90))
            tries = {}
            for one in self.partner.told("/a", taken=False):
                tries.setdefault(one["data"]["id"], set()).add(one["id"])
            self.expect("under the same id at every try", all(len(ids) == 1 for ids in tries.values()))
            self.partner.behave(refuse="20")
            self.trash(service, range(20, 30))
            others = self.ledger("object_id <> '20'")
            self.expect("what is refused keeps no other", self.partner.wait_for("/a", others, 30))
            group = self.sql("SELECT uuid FROM trashd.trash_group WHERE root_object = '20'")
            self.call(service, "POST", f"/v1/trash/{group}/$restore")
            time.sleep(2)
            self.expect("but what comes after it in its group",
                        not [one for one in self.partner.told("/a") if one["type"] == "restored"])
            self.partner.behave()
            self.expect("it is tried again", self.partner.wait_for("/a", self.ledger(), 90))
            self.expect("and told in order", self.in_order("/a"))
            self.partner.behave(**{"/a": 302})
            self.trash(service, [40])
            time.sleep(3)
            self.expect("a redirect is not followed", not self.partner.told("/elsewhere", taken=False))
            self.partner.behave()
            self.partner.wait_for("/a", self.ledger(), 90)
            first = self.ledger()[0]
            before = len(self.partner.told("/a"))
            self.events("replay", self.address("/a"), "--after", first)
            self.expect("a replay tells again what came after",
                        self.partner.wait(lambda: len(self.partner.told("/a")) >= before + len(self.ledger()) - 1))
            self.expect("only that", first not in [one["data"]["id"] for one in self.partner.told("/a")[before:]])

    def late(self):
        with self.fresh("late", {"/a": ""}) as service:
            output(self.program, "capture", "on", "project", "--database", self.url)
            psql = subprocess.Popen([self.cluster.programs / "psql", "-X", "-q", "-d", self.url],
                                    stdin=subprocess.PIPE, text=True)
            psql.stdin.write("BEGIN; DELETE FROM project WHERE id = 1;\nSET CONSTRAINTS ALL IMMEDIATE;\n")
            psql.stdin.flush()
            time.sleep(1)
            self.trash(service, [2])
            time.sleep(3)
            told = {one["data"]["objectId"] for one in self.partner.told("/a")}
            self.expect("nothing is told before its commit", "1" not in told)
            psql.stdin.write("COMMIT;\n\\q\n")
            psql.stdin.flush()
            psql.wait()
            self.expect("and nothing is passed over", self.partner.wait_for("/a", self.ledger(), 30))
            order = [int(one["data"]["id"]) for one in self.partner.told("/a")]
            self.expect("in the order of the ledger", order == sorted(order))

    def kills(self):
        hooks = {"/a": ""}
        service = self.fresh("kills", hooks)
        other = self.start("other")
        services, over = [service, other], threading.Event()

        def write(first):
            for number in range(first, 4000, 4):
                if over.is_set():
                    return
                self.call(random.choice(services), "DELETE", f"/v1/project/{number}")

        writers = [threading.Thread(target=write, args=(100 + n,)) for n in range(4)]
        for writer in writers:
            writer.start()
        for turn in range(8):
            time.sleep(random.uniform(0.3, 1.5))
            place = turn % 2
            services[place].kill()
            services[place] = self.start(f"turn-{turn}")
            if turn == 4:
                self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'trashd%'")
        over.set()
        for writer in writers:
            writer.join()
        entries = self.ledger()
        self.expect(f"after {turn + 1} kills all {len(entries)} entries are told", len(entries) > 50 and
                    self.partner.wait_for("/a", entries, 90))
        told = [one["data"]["id"] for one in self.partner.told("/a")]
        self.expect("none that was not committed", set(told) <= set(entries))
        self.expect("in the order of each group", self.in_order("/a"))
        self.expect(f"few of them twice ({len(told) - len(set(told))})", len(told) - len(set(told)) <= 20)
        for one in services:
            one.stop()


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    tools = pathlib.Path(output(HERE.parents[1] / "script/clients"))
    with Cluster(settings={"fsync": "off", "shared_buffers": "'128MB'"}, prefix="trashd-webhooks-") as cluster:
        trial = Trial(program, tools, cluster)
        try:
            for part in (trial.ordinary, trial.failing, trial.late, trial.kills):
                part()
        finally:
            trial.partner.close()
    print(f"{trial.passed} passed, {trial.failed} failed")
    sys.exit(1 if trial.failed or not trial.passed else 0)


if __name__ == "__main__":
    main()
