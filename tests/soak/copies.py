"""The database dumped and loaded elsewhere, as docs/backup.md says, and all that waits restored there."""
import collections
import contextlib
import copy
import http.client
import json
import subprocess

import stream
from checks import Checks
from stand import Stand
from tables import TABLES

FORMATS = {"-Fc": ["pg_restore", "--exit-on-error"],
           "-Fp": ["psql", "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-f"]}


class Copy:
    """One copy in a cluster of its own, with an account that goes on from that of the original."""

    def __init__(self, stand, account, form):
        self.source, self.form = stand, form
        self.account = copy.deepcopy(account)
        self.account.findings = []
        self.stand = Stand(stand.program, 1)
        self.counts = collections.Counter()

    def __enter__(self):
        self.stand.__enter__()
        dump = self.source.cluster.folder / f"soak{self.form}"
        self.source.cluster.run("pg_dump", "-d", self.source.url(), self.form, "-f", dump)
        program, *options = FORMATS[self.form]
        self.stand.cluster.run(program, "-d", self.stand.url(), *options, dump)
        dump.unlink()
        return self

    def __exit__(self, *problem):
        self.stand.cluster.keep = bool(self.account.findings)
        self.stand.__exit__(*problem)

    def run(self):
        """The findings, each with where its database is."""
        checks = Checks(self.stand, self.account)
        with contextlib.closing(self.stand.connect()) as connection:
            stream.begin(connection)
            checks.compare(connection)
            self.stand.start_all()
            refused = self.restore_all()
            checks.quiet()
            for number, changes in stream.Stream().read(connection):
                self.account.enter(number, changes)
            checks.compare(connection)
            for group, problem in refused.items():
                self.judge_refusal(group, problem)
            self.stand.services[0].stop()
            self.verify_ledger()
        self.counts["checks"] = checks.made
        where = f"copy {self.form} in {self.stand.cluster.folder}"
        return [(kind, f"{where}: {text}") for kind, text in self.account.findings]

    def restore_all(self):
        """Again until nothing more goes back, since one may wait for the other; gives the refusals."""
        left = {group.uuid: None for group in self.account.groups.values() if group.state == "trashed"}
        before = None
        while left and len(left) != before:
            before = len(left)
            left = {uuid: problem for uuid in left if (problem := self.restore(uuid)) is not None}
        self.counts["refused"] += len(left)
        return left

    def restore(self, uuid):
        """Why not, or None when it is back."""
        service = self.stand.services[0]
        connection = http.client.HTTPConnection(service.host, service.port, timeout=120)
        with contextlib.closing(connection):
            path = f"/v1/trash/{uuid[:-1]}1/$restore?with=ancestors&lossy=true"
            connection.request("POST", path, headers={"Prefer": "wait"})
            answer = connection.getresponse()
            body = answer.read()
        if answer.status == 200:
            self.counts["restored"] += 1
        problem = json.loads(body)
        if answer.status == 200 or problem.get("outcome") == "restored":  # 410: went with another
            return None
        return problem

    def judge_refusal(self, group, problem):
        conflicts = problem.get("conflicts") or []
        for conflict in conflicts:
            if not self.known(conflict):
                self.account.find("wrong", f"group {group} is refused for what is not so: {conflict}")
            self.counts[f"refused: {conflict['kind']}"] += 1
        if not conflicts:
            self.account.find("wrong", f"group {group} is refused without a reason: {problem}")

    def known(self, conflict):
        """Whether the account has the conflict too."""
        live = self.account.live
        if conflict["kind"] == "missing-parent":
            table = conflict["with"]["resource"]
            key = TABLES[table].key[0]
            return all(row[key] != conflict["with"]["id"] for row in live[table].values())
        if conflict["kind"] in ("unique-taken", "primary-key-taken"):
            wanted = dict(zip(conflict["columns"], conflict["values"]))
            return any(wanted.items() <= row.items() for row in live[conflict["resource"]].values())
        return False

    def verify_ledger(self):
        command = [self.stand.program, "ledger", "verify", "--database", self.stand.url()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            self.account.find("wrong", f"ledger verify: {done.stdout}{done.stderr}")
