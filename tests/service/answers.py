#!/usr/bin/env python3
"""Real answers of the service on the demo, each valid against openapi.yaml.

Usage: answers.py TRASHD OPENAPI. Starts the program with a private PostgreSQL, calls it over HTTP,
validates status, content type and body; exit status 1 when any answer is another than the contract says.
"""
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import jsonschema
import yaml

PROJECT = "/v1/time/projects/00000000-0000-4000-8000-0000000000%02d"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class Contract:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = yaml.safe_load(file)
        self.resolver = jsonschema.RefResolver("", self.document)
        self.checked = 0
        self.faults = []

    def resolve(self, node):
        return self.resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def operation(self, template, method):
        return self.document["paths"][template][method.lower()]

    def check(self, template, method, status, headers, body):
        self.checked += 1
        responses = self.operation(template, method)["responses"]
        response = responses.get(str(status), responses.get("default"))
        if response is None:
            return self.fault(template, method, status, "is not in the contract")
        content = self.resolve(response).get("content", {})
        kind = headers.get("Content-Type", "").split(";")[0]
        if not content:
            return body and self.fault(template, method, status, "has a body that the contract does not know")
        if status == 201 and not body:
            return None  # return=minimal
        if kind not in content:
            return self.fault(template, method, status, "is " + kind)
        if kind.endswith("json"):
            schema = content[kind].get("schema", {})
            validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
            for error in validator.iter_errors(json.loads(body)):
                self.fault(template, method, status, f"{list(error.absolute_path)}: {error.message[:200]}")

    def fault(self, template, method, status, what):
        self.faults.append(f"{method} {template} {status} {what}")


ROLES = """credentials.api_keys = true
[roles]
blind = { trash = "*", read = "project" }
"""


class Service:
    def __init__(self, program, contract, toml=None):
        self.contract = contract
        self.folder = tempfile.mkdtemp(prefix="trashd-answers-")
        self.options = ["--data-dir", self.folder + "/data"]
        if toml:
            with open(self.folder + "/trashd.toml", "w", encoding="utf-8") as file:
                file.write(toml)
            self.options += ["--config", file.name]
        self.process = subprocess.Popen(
            [program, "serve", "--demo", "--listen", "127.0.0.1:0", *self.options],
            stderr=subprocess.PIPE, text=True)
        subprocess.run(["chmod", "755", self.folder], check=True)
        for line in self.process.stderr:
            found = re.search(r"listening on (\S+)", line)
            if found:
                self.base = "http://" + found.group(1)
                return
        raise SystemExit("the service did not start")

    def call(self, template, method, path, headers=None, body=None):
        headers = dict(headers or {}, **({"Content-Type": "application/json"} if body else {}))
        request = urllib.request.Request(self.base + path, body and body.encode(), headers, method=method)
        try:
            answer = urllib.request.build_opener(NoRedirect).open(request)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.contract.check(template, method, answer.status, answer.headers, body)
        return answer.status, answer.headers, body

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def expect(contract, got, wanted):
    if got != wanted:
        contract.faults.append(f"status {got} where {wanted} was expected")


def converse(service, contract):
    one, trash, restore = "/v1/{resource}/{id}", "/v1/trash/{trashItemId}", "/v1/trash/{trashItemId}/$restore"
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.yaml", "/openapi.json", "/problems", "/v1", "/v1/trash"):
        expect(contract, service.call(path, "GET", path)[0], 200)
    for path in ("/openapi.yaml", "/openapi.json"):
        expect(contract, service.call(path, "GET", path + "?for=database")[0], 200)
        expect(contract, service.call(path, "GET", path + "?for=all")[0], 400)
    expect(contract, service.call("/panel", "GET", "/panel")[0], 308)
    for file in ("", "app.js", "app.css", "en.js", "de.js", "licences.txt", "config.json"):
        expect(contract, service.call("/panel/{file}", "GET", "/panel/" + file)[0], 200)
    expect(contract, service.call("/panel/{file}", "GET", "/panel/app.mjs")[0], 404)
    _, _, listed = service.call("/v1", "GET", "/v1/")
    for resource in json.loads(listed):
        path = "/v1/" + resource["path"] if "path" in resource else resource["href"]
        expect(contract, service.call("/v1/{resource}", "GET", path + "?limit=3")[0], 200)
        expect(contract, service.call("/v1/{resource}/$metadata", "GET", resource["metadata"])[0], 200)
    expect(contract, service.call("/v1/{resource}", "GET", "/v1/time/projects?limit=5000")[0], 400)
    expect(contract, service.call("/v1/{resource}", "GET", "/v1/nothing")[0], 404)
    for accept in ("text/html", "*/*"):
        expect(contract, service.call("/", "GET", "/", {"Accept": accept})[0], 200)
        expect(contract, service.call("/docs", "GET", "/docs", {"Accept": accept})[0], 200)
        problem = "/problems/{code}"
        expect(contract, service.call(problem, "GET", "/problems/held", {"Accept": accept})[0], 200)
        expect(contract, service.call(problem, "GET", "/problems/none", {"Accept": accept})[0], 404)
    project = PROJECT % 42
    expect(contract, service.call(one, "GET", project)[0], 200)
    expect(contract, service.call(one, "DELETE", project + "?dryRun=true")[0], 200)
    expect(contract, service.call(one, "DELETE", project, {"If-Match": '"other"'})[0], 412)
    status, headers, _ = service.call(one, "DELETE", project)
    expect(contract, status, 204)
    item = headers["Location"]
    expect(contract, service.call(one, "DELETE", project, {"Prefer": "return=representation"})[0], 200)
    expect(contract, service.call(one, "GET", project)[0], 410)
    expect(contract, service.call("/v1/{resource}/{id}/@deleted", "GET", project + "/@deleted")[0], 200)
    expect(contract, service.call("/v1/{resource}/@deleted", "GET", "/v1/time/projects/@deleted")[0], 200)
    expect(contract, service.call("/v1/trash", "GET", "/v1/trash?limit=5&expand=object")[0], 200)
    expect(contract, service.call(trash, "GET", item)[0], 200)
    expect(contract, service.call(restore, "POST", item + "/$restore?dryRun=true")[0], 200)
    expect(contract, service.call(restore, "GET", item + "/$restore", {"Sec-Purpose": "prefetch"})[0], 403)
    expect(contract, service.call(restore, "POST", item + "/$restore")[0], 200)
    expect(contract, service.call(trash, "GET", item)[0], 410)
    expect(contract, service.call("/v1/{resource}/{id}/@history", "GET", project + "/@history")[0], 200)
    item = service.call(one, "DELETE", PROJECT % 43)[1]["Location"]
    expect(contract, service.call(trash, "DELETE", item)[0], 204)
    expect(contract, service.call(trash, "DELETE", item)[0], 410)
    expect(contract, service.call(one, "GET", PROJECT % 43)[0], 404)
    expect(contract, service.call("/v1/history", "GET", "/v1/history?action=purged")[0], 200)
    expect(contract, service.call("/v1/history", "GET", "/v1/history?action=eaten")[0], 400)
    later = {"Prefer": "respond-async"}
    status, headers, _ = service.call(one, "DELETE", PROJECT % 47, later)
    expect(contract, status, 202)
    while b'"endedAt":null' in (body := service.call("/v1/operations/{operationId}", "GET", headers["Location"])[2]):
        pass
    item = json.loads(body)["result"]["location"]
    expect(contract, service.call(restore, "POST", item + "/$restore", later)[0], 202)
    expect(contract, service.call("/v1/operations/{operationId}", "GET", "/v1/operations/x")[0], 404)
    expect(contract, service.call("/v1/trash", "DELETE", "/v1/trash?olderThan=1d")[0], 400)
    expect(contract, service.call("/v1/trash", "DELETE", "/v1/trash?olderThan=1d&confirm=true")[0], 200)
    bulk, many = "/v1/{resource}/bulk-delete", "/v1/time/timerecords"
    ids = [row["id"] for row in json.loads(service.call("/v1/{resource}", "GET", many + "?limit=3")[2])]
    expect(contract, service.call("/v1/{resource}", "DELETE", many)[0], 400)
    expect(contract, service.call("/v1/{resource}", "DELETE", f"{many}?dryRun=true&ids={ids[0]},x")[0], 200)
    expect(contract, service.call("/v1/{resource}", "DELETE", f"{many}?ids={ids[0]},{ids[1]},x")[0], 200)
    expect(contract, service.call(bulk, "POST", many + "/bulk-delete", body=json.dumps({"ids": ids}))[0], 200)
    user = "/v1/users/00000000-0000-4000-8002-000000000001"
    expect(contract, service.call(one, "DELETE", user)[0], 409)
    write(service, contract, one)
    # a member of a project that went by itself cannot come back while its project lies in the trash
    task = json.loads(service.call("/v1/{resource}", "GET", "/v1/time/tasks?limit=1")[2])[0]
    child = service.call(one, "DELETE", "/v1/time/tasks/" + task["id"])[1]["Location"]
    service.call(one, "DELETE", "/v1/time/projects/" + task["project"])
    expect(contract, service.call(restore, "POST", child + "/$restore")[0], 409)
    expect(contract, service.call(restore, "POST", child + "/$restore?with=ancestors")[0], 200)


def guard(service, contract, program):
    made = subprocess.run([program, "key", "create", "answers", "--role", "blind", *service.options],
                          stdout=subprocess.PIPE, check=True, text=True)
    key = {"X-API-Key": made.stdout.strip()}
    for path in ("/v1", "/v1/trash", "/v1/history", "/metrics"):
        expect(contract, service.call(path, "GET", path)[0], 401)
    expect(contract, service.call("/v1", "GET", "/v1/", key)[0], 200)
    for path in ("/v1/trash", "/v1/history", "/metrics"):
        expect(contract, service.call(path, "GET", path, key)[0], 403)
    one, project = "/v1/{resource}/{id}", "/v1/project/00000000-0000-4000-8000-000000000042"
    expect(contract, service.call(one, "GET", project, key)[0], 200)
    expect(contract, service.call(one, "PUT", project, key, "{}")[0], 403)
    expect(contract, service.call(one, "DELETE", project + "?dryRun=true", key)[0], 200)
    user = "/v1/user/00000000-0000-4000-8002-000000000001"
    status, _, body = service.call(one, "DELETE", user, key)
    expect(contract, status, 409)
    expect(contract, json.loads(body)["dependents"][-1]["resource"], None)


def write(service, contract, one):
    many = "/v1/{resource}"
    client = json.loads(service.call(many, "GET", "/v1/time/clients?limit=1")[2])[0]
    made = {key: value for key, value in client.items() if key not in ("id", "code")}
    status, headers, _ = service.call(many, "POST", "/v1/time/clients", body=json.dumps(made))
    expect(contract, status, 201)
    path = headers["Location"]
    expect(contract, service.call(many, "POST", "/v1/time/clients", body=json.dumps([made, {"colour": 1}]))[0], 422)
    expect(contract, service.call(many, "POST", "/v1/time/clients", body=json.dumps([made]))[0], 201)
    expect(contract, service.call(many, "POST", "/v1/time/clients", body=json.dumps(1))[0], 400)
    expect(contract, service.call(one, "PATCH", path, body=json.dumps({"name": "renamed"}))[0], 200)
    expect(contract, service.call(one, "PATCH", path, {"If-Match": '"x"'}, "{}")[0], 412)
    expect(contract, service.call(one, "PUT", path, {"Prefer": "return=minimal"}, json.dumps(made))[0], 204)
    expect(contract, service.call(one, "PUT", path, body=json.dumps({"colour": 1}))[0], 422)
    expect(contract, service.call(one, "DELETE", path)[0], 204)
    expect(contract, service.call(one, "PATCH", path, body=json.dumps({}))[0], 409)
    expect(contract, service.call(one, "PATCH", path + "?deleted=true", body=json.dumps({"deletedAt": None}))[0], 200)


def main():
    contract = Contract(sys.argv[2])
    service = Service(sys.argv[1], contract)
    try:
        converse(service, contract)
    finally:
        service.stop()
    service = Service(sys.argv[1], contract, ROLES)
    try:
        guard(service, contract, sys.argv[1])
    finally:
        service.stop()
    for fault in contract.faults:
        print(fault)
    print(f"{contract.checked} answers, {len(contract.faults)} faults")
    return 1 if contract.faults else 0


if __name__ == "__main__":
    sys.exit(main())
