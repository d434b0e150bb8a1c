#!/usr/bin/env python3
"""Clients that are generated from the OpenAPI document of a database, used on it.

Usage: clients.py TRASHD. Starts a cluster with Sakila, takes its document, validates it, generates a client in
TypeScript and one in Perl, checks the types of the first, and lets both work. Exit status 1 when anything is
otherwise than it should be.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))  # whose cluster and service these are

from cluster import Cluster  # noqa: E402
from service import Service  # noqa: E402

# By this name the Perl client asks for the schema of OpenAPI 3.1, which Debian's package has not.
SPECIFICATION = "https://spec.openapis.org/oas/3.1/schema/2021-05-20"


def run(*command, **options):
    """Whether it ended well; what it says is shown where it did not."""
    command = [str(word) for word in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        print(f"FAULT: {' '.join(command)}\n{done.stdout}", flush=True)
    return done.returncode == 0


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Clients:
    def __init__(self, program, url, tools, service):
        self.url, self.program, self.service = url, program, service
        self.tools = tools
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=tools))  # where node finds its modules
        self.base = f"http://127.0.0.1:{service.port}"
        self.keys = {role: self.make_key(role) for role in ("everybody", "visitors")}
        self.faults = 0

    def make_key(self, role):
        return output(self.program, "key", "create", role, "--role", role, "--database", self.url,
                      "--config", HERE / "trashd.toml").split()[-1]

    def expect(self, what, good):
        if not good:
            self.faults += 1
            print(f"FAULT: {what}", flush=True)

    def get(self, path, role=None, **headers):
        if role:
            headers["X-API-Key"] = self.keys[role]
        request = urllib.request.Request(self.base + path, headers=headers)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, answer.headers, answer.read()

    def document(self, role):
        """The document for the role, which is the same in both forms."""
        _, _, text = self.get("/openapi.json?for=database", role)
        _, _, again = self.get("/openapi.yaml?for=database", role)
        document = json.loads(text)
        self.expect(f"{role}: YAML and JSON differ", yaml.safe_load(again) == document)
        for form, content in (("json", text), ("yaml", again)):
            (self.folder / f"{role}.{form}").write_bytes(content)
        return document

    def validate(self):
        (self.folder / "validate.mjs").write_bytes((HERE / "validate.mjs").read_bytes())
        names = [f"{role}.{form}" for role in self.keys for form in ("json", "yaml")]
        (self.folder / "general.json").write_bytes(self.get("/openapi.json")[2])
        self.expect("the documents are not valid",
                    run("node", "validate.mjs", "general.json", *names, cwd=self.folder))

    def typescript(self):
        for name in ("client.ts", "tsconfig.json"):
            shutil.copy(HERE / name, self.folder)
        (self.folder / "package.json").write_text('{"type": "module"}\n', encoding="utf-8")
        programs = self.tools / "node_modules" / ".bin"
        good = run(programs / "openapi-typescript", "everybody.json", "-o", "schema.d.ts", cwd=self.folder) \
            and run(programs / "tsc", "-p", ".", cwd=self.folder) \
            and run("node", "client.js", self.base, self.keys["everybody"], cwd=self.folder)
        self.expect("the client in TypeScript does not work", good)

    def perl(self):
        specification = self.tools / "node_modules/@seriousme/openapi-schema-validator/schemas/v3.1/schema.json"
        shutil.copy(specification, self.folder / hashlib.md5(SPECIFICATION.encode()).hexdigest())
        environment = {**os.environ, "JSON_VALIDATOR_CACHE_PATH": str(self.folder)}
        document = self.folder / "everybody.json"
        self.expect("the client in Perl does not work",
                    run("/usr/bin/perl", HERE / "client.pl", document, self.base, self.keys["everybody"],
                        env=environment))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    tools = pathlib.Path(output(HERE.parents[1] / "script/clients"))
    config = (HERE / "trashd.toml").read_text(encoding="utf-8")
    with Cluster(settings={"fsync": "off", "shared_buffers": "'128MB'"}, prefix="trashd-clients-") as cluster:
        url = cluster.url(cluster.create("shop"))
        for script in (HERE.parent / "data/sakila.sql", HERE / "shelves.sql"):
            output(cluster.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", script)
        with Service(program, url, cluster.folder / "trashd.log", config=config) as service, \
                contextlib.closing(Clients(program, url, tools, service)) as clients:
            work(clients)
            print(f"{clients.faults} faults")
            return 1 if clients.faults else 0


def work(clients):
    everything = clients.document("everybody")
    little = clients.document("visitors")
    clients.expect("a path is missing", "/v1/catalog/cast/{actor_id},{film_id}" in everything["paths"])
    clients.expect("what may not be read is told of", "vault" not in json.dumps(little["tags"] + list(little["paths"])) + json.dumps(little["components"]["schemas"]))
    clients.validate()
    clients.typescript()
    clients.perl()


if __name__ == "__main__":
    sys.exit(main())
