#!/usr/bin/env python3
"""Whether openapi.yaml is itself a valid document of OpenAPI 3.1, as far as it uses that.

Usage: document.py OPENAPI. Every field is one that OpenAPI has, every reference leads somewhere and every
component is referred to, paths and their parameters fit, schemas are of JSON Schema 2020-12 and require
only what they describe. Beside that what linters ask for (Redocly's recommended rules): each operation has an id of
its own, a tag that is described and an answer 4xx, no two paths mean one address, none ends with a slash, what is
answered in JSON has examples, and these are as their schema says. Exit status 1 when anything is otherwise.
"""
import re
import sys

import jsonschema
import yaml

VERBS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def fields(needed, /, **properties):
    return {"type": "object", "required": needed, "properties": properties, "additionalProperties": False}


def named(what, pattern="."):
    return {"type": "object", "patternProperties": {pattern: what}, "additionalProperties": False}


def or_reference(what):
    return {"if": {"required": ["$ref"]}, "then": fields(["$ref"], **{"$ref": TEXT}), "else": what}


def of(name):
    return {"$ref": "#/$defs/" + name}


TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
SCHEMA = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
CONTENT = named(fields([], schema=SCHEMA), r"^[a-z]+/[a-z+-]+$")
PARAMETER = fields(["name", "in", "schema"], name=TEXT, description=TEXT, required=FLAG, schema=SCHEMA,
                   style={"enum": ["deepObject"]}, explode=FLAG,
                   **{"in": {"enum": ["path", "query", "header"]}})
HEADER = fields(["schema"], description=TEXT, schema=SCHEMA)
RESPONSE = fields(["description"], description=TEXT, headers=named(or_reference(HEADER)), content=CONTENT)
BODY = fields(["content"], description=TEXT, required=FLAG, content=CONTENT)
PARAMETERS = {"type": "array", "items": or_reference(of("parameter"))}
SECURITY = {"type": "array", "items": named({"type": "array"})}
OPERATION = fields(["operationId", "tags", "summary", "responses"], summary=TEXT, description=TEXT,
                   operationId={"pattern": "^[a-z][A-Za-z]+$"}, tags={"type": "array", "minItems": 1, "items": TEXT},
                   parameters=PARAMETERS, requestBody=or_reference(BODY), security=SECURITY,
                   responses={**named(or_reference(of("response")), "^([1-5][0-9][0-9]|default)$"),
                              "minProperties": 1})
DOCUMENT = {
    **fields(["openapi", "info", "paths"], openapi={"pattern": r"^3\.1\.\d$"},
             info=fields(["title", "version"], title=TEXT, version=TEXT, description=TEXT,
                         license=fields(["name"], name=TEXT, identifier=TEXT)),
             servers={"type": "array",
                      "items": fields(["url"], url=TEXT, description=TEXT, variables=named({"type": "object"}))},
             security=SECURITY,
             tags={"type": "array", "items": fields(["name", "description"], name=TEXT, description=TEXT)},
             paths=named(fields([], parameters=PARAMETERS, **{verb: OPERATION for verb in VERBS}), "^/"),
             components=fields([], schemas=named(SCHEMA), parameters=named(of("parameter")),
                               responses=named(of("response")), headers=named(HEADER),
                               securitySchemes=named({"type": "object", "required": ["type"]}))),
    "$defs": {"parameter": PARAMETER, "response": RESPONSE},
}


def at(document, reference):
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def nodes(node):
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from nodes(child)


def reference_faults(document):
    used = {node["$ref"] for node in nodes(document) if isinstance(node, dict) and "$ref" in node}
    for reference in sorted(used):
        try:
            at(document, reference)
        except KeyError:
            yield reference + " leads nowhere"
    for kind, components in document["components"].items():
        for name in components:
            if kind != "securitySchemes" and f"#/components/{kind}/{name}" not in used:
                yield f"the component {kind}/{name} is not used"


def parameters_of(document, path, operation):
    listed = path.get("parameters", []) + operation.get("parameters", [])
    return [at(document, entry["$ref"]) if "$ref" in entry else entry for entry in listed]


def path_faults(document):
    for template, path in document["paths"].items():
        for verb in filter(VERBS.__contains__, path):
            parameters = parameters_of(document, path, path[verb])
            names = [(entry["in"], entry["name"]) for entry in parameters]
            if len(set(names)) != len(names):
                yield f"{verb} {template} has a parameter twice"
            if {name for place, name in names if place == "path"} != set(re.findall(r"{(\w+)}", template)):
                yield f"{verb} {template} describes other parameters than it has"
            if not all(entry.get("required") for entry in parameters if entry["in"] == "path"):
                yield f"{verb} {template} has an optional part"


def name_faults(document):
    known = set(document["components"]["securitySchemes"])
    for operation in [document] + [path[verb] for path in document["paths"].values() for verb in VERBS if verb in path]:
        for name in {name for one in operation.get("security", []) for name in one} - known:
            yield f"there is no security scheme {name}"
    for node in nodes(document["components"]["schemas"]):
        if isinstance(node, dict) and isinstance(node.get("required"), list):
            for name in set(node["required"]) - set(node.get("properties", {})):
                yield f"{name} is required and not described"


def operations(document):
    for template, path in document["paths"].items():
        for verb in filter(VERBS.__contains__, path):
            yield f"{verb} {template}", path[verb]


# First segments that the service keeps for itself, so that no resource has them.
RESERVED = {"trash", "history", "operations", "groups", "@groups", "@keys", "holds", "@holds", "erasures", "@erasures",
            "events", "@events"}


def same_address(one, other):
    """Whether an address can be meant by both and neither names more of it."""
    pairs = list(zip(one.split("/"), other.split("/")))
    if len(one.split("/")) != len(other.split("/")) or one.count("{") != other.count("{"):
        return False
    if any({"{resource}"} & set(pair) and RESERVED & set(pair) for pair in pairs):
        return False
    return all(a == b or "{" in a + b for a, b in pairs)


def lint_faults(document):
    known, ids = {tag["name"] for tag in document["tags"]}, set()
    for name, operation in operations(document):
        if operation["operationId"] in ids:
            yield f"{name} has the id of another"
        ids.add(operation["operationId"])
        for tag in set(operation["tags"]) - known:
            yield f"{name} has the tag {tag}, which is not described"
        if not any(status.startswith("4") for status in operation["responses"]):
            yield f"{name} has no answer 4xx"
    templates = list(document["paths"])
    for i, one in enumerate(templates):
        if one.endswith("/") and one != "/":
            yield f"{one} ends with a slash"
        for other in templates[:i]:
            if same_address(one, other):
                yield f"{one} and {other} may be one address"


def has_examples(document, schema):
    schema = at(document, schema["$ref"]) if "$ref" in schema else schema
    inner = [schema["items"]] if "items" in schema else schema.get("oneOf", schema.get("anyOf", []))
    return "examples" in schema or (bool(inner) and all(has_examples(document, one) for one in inner))


def example_faults(document):
    resolver = jsonschema.RefResolver("", document)
    for node in nodes(document):
        if isinstance(node, dict) and isinstance(node.get("examples"), list):
            for example in node["examples"]:
                for error in jsonschema.Draft202012Validator(node, resolver=resolver).iter_errors(example):
                    yield f"an example: {list(error.absolute_path)}: {error.message[:200]}"
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            response = at(document, response["$ref"]) if "$ref" in response else response
            for kind, content in response.get("content", {}).items():
                if kind.endswith("json") and not has_examples(document, content["schema"]):
                    yield f"{name} {status} has no example"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = yaml.safe_load(file)
    validator = jsonschema.Draft202012Validator(DOCUMENT)
    faults = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
              for error in validator.iter_errors(document)]
    for check in (reference_faults, path_faults, name_faults, lint_faults, example_faults):
        faults += [] if faults else check(document)
    for fault in faults:
        print(fault)
    print(f"{len(document['paths'])} paths, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
