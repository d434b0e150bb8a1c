#!/usr/bin/env python3
"""Every answer that the service's tests were given, each valid against openapi.yaml.

Usage: recorded.py OPENAPI ANSWERS... ANSWERS has a JSON object a line: verb, address, status, type, body.
Answers of one shape are checked once. Exit status 1 when any is another than the contract says.
"""
import fileinput
import json
import re
import sys
from urllib.parse import parse_qs, urlsplit

from answers import Contract


def pattern_of(template):
    text = re.escape(template).replace(r"\{resource\}", ".+")
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]*", text) + "$")


class Templates:
    def __init__(self, contract):
        paths = contract.document["paths"]
        self.all = [(template, pattern_of(template), set(paths[template])) for template in paths]

    def of(self, verb, path):
        """Those that may be meant: where one names its words, not those that name none."""
        found = [t for t, pattern, verbs in self.all if pattern.match(path) and verb.lower() in verbs]
        plain = [t for t in found if "{resource}" not in t]
        ends = [t for t in found if re.search(r"[@$-]\w+$", t)]
        if path.startswith("/v1/groups/") or path == "/v1/events":  # of a table that is called so
            return found
        return plain or ends or found


def shape(value):
    if isinstance(value, dict):
        return tuple(sorted((key, shape(member)) for key, member in value.items()))
    if isinstance(value, list):
        return tuple(sorted({repr(shape(element)) for element in value}))
    return type(value).__name__


def shape_of(answer):
    if not answer["type"].endswith("json"):
        return bool(answer["body"])
    return repr(shape(json.loads(answer["body"] or "null")))


def faults_of(contract, templates, verb, answer):
    """Of the template that it fits best; what no template means is a problem."""
    fewest = None
    for template in templates:
        contract.faults = []
        contract.check(template, verb, answer["status"], {"Content-Type": answer["type"]}, answer["body"])
        if fewest is None or len(contract.faults) < len(fewest):
            fewest = contract.faults
    if fewest is None and answer["status"] not in (200, 204, 400, 401, 403, 404, 405, 413, 414, 429, 431):
        return [f"{verb} {answer['address']} {answer['status']} is not in the contract"]
    return fewest or []


def main():
    contract = Contract(sys.argv[1])
    templates = Templates(contract)
    seen, faults, count = set(), [], 0
    with fileinput.input(sys.argv[2:], encoding="utf-8") as lines:
        for answer in map(json.loads, lines):
            count += 1
            address = urlsplit(answer["address"])
            verb = answer["verb"]
            if verb == "POST":
                verb = parse_qs(address.query).get("method", [verb])[0]
            if verb in ("HEAD", "OPTIONS"):
                continue
            meant = templates.of(verb, "/v1" if address.path == "/v1/" else address.path)
            key = (verb, tuple(meant), answer["status"], answer["type"], shape_of(answer))
            if key not in seen:
                seen.add(key)
                faults += faults_of(contract, meant, verb, answer)
    for fault in faults:
        print(fault)
    print(f"{count} answers of {len(seen)} shapes, {len(faults)} faults")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
