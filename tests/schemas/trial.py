"""Deletes rows of every served table through trashd, restores them, and looks whether all is as before."""
import collections
import json
import random
import re
import urllib.parse

import psycopg2

from catalog import escaped, identifier
from cluster import rows
from content import Content, differing, shrunk

PAGE = 1000  # the longest page of the trash


class Report:
    """What the trial of one schema found."""

    def __init__(self):
        self.counts = collections.Counter()
        self.largest = 0
        self.refusals, self.examples = collections.Counter(), {}
        self.differences, self.server_errors = [], []
        self.told, self.untold = set(), set()  # tables that triggers write

    def refused(self, what, answer):
        detail = answer.json.get("detail", "")
        conflicts = answer.json.get("conflicts", [])
        if conflicts:
            detail = f"{conflicts[0]['kind']}: {conflicts[0].get('detail', '')}"
        # Names are taken out, so that one reason over many tables is one.
        reason = re.sub(r"'[^']*'|\"[^\"]*\"|‘[^’]*’|\b[\w.]*[._]\w+|\d+", "…", detail)
        key = f"{what} {answer.status} {answer.json.get('code', '')}: {reason[:200]}"
        self.refusals[key] += 1
        self.examples.setdefault(key, f"{answer.request}: {detail[:600]}")


class Answer:
    def __init__(self, request, status, body):
        self.request, self.status = request, status
        try:
            self.json = json.loads(body) if body else {}
        except ValueError:
            self.json = {"detail": body[:200].decode(errors="replace")}
        self.good = status // 100 == 2

    def __str__(self):
        return f"{self.request}: {self.status} {json.dumps(self.json)[:700]}"


def shortened(texts):
    return [text[:300] for text in texts[:3]]


class Trial:
    def __init__(self, service, connection, role, catalog, arguments):
        """role: the one that the service has."""
        self.service, self.tries = service, arguments.tries
        self.connection, self.role = connection, role
        self.chance, self.report = random.Random(arguments.seed), Report()
        self.content = Content(self.connection, catalog)
        self.tables = {table.path: table for table in catalog.tables.values()}
        self.resources, self.forced = {}, set()
        self.unserved = {name: table.path for table in catalog.tables.values()
                         for name in (table.name, f"{table.schema}/{table.name}")}
        self.before = self.content.now()

    def run(self):
        listed = self.ask("GET", "/v1/").json
        self.resources = {each["resource"]: each["table"] for each in listed}
        self.report.counts["resources"] = len(listed)
        for each in listed:
            if each["table"] in self.tables:
                self.try_table(each)
        return self.report

    def ask(self, method, path):
        answer, body = self.service.ask(method, path, {"Prefer": "return=representation"})
        found = Answer(f"{method} {path}", answer.status, body)
        if found.status >= 500:
            self.report.server_errors.append(found)
        return found

    def try_table(self, listed):
        keys = self.keys(listed)
        self.report.counts["tried"] += bool(keys)
        for key in self.chance.sample(keys, min(self.tries, len(keys))):
            address = f"{listed['href']}/" + ",".join(urllib.parse.quote(part, safe="") for part in key)
            if self.there_and_back(address, "", self.in_sql(listed, key)):
                self.there_and_back(address, "cascade=true")

    def keys(self, listed):
        columns = ", ".join(f"format('%s', {identifier(name)})" for name in listed["key"])
        return sorted(rows(self.connection, f"SELECT {columns} FROM {self.only(listed)} LIMIT 200"))

    def only(self, listed):
        table = self.tables[listed["table"]]
        return ("ONLY " if table.kind == "r" else "") + table.sql

    def in_sql(self, listed, key):
        """What the same DELETE by SQL leaves, with the rights of the service; its error where it is refused."""
        where = " AND ".join(f"format('%%s', {escaped(identifier(name))}) = %s" for name in listed["key"])
        try:
            rows(self.connection, f"BEGIN; SET LOCAL ROLE {self.role}")
            rows(self.connection, f"DELETE FROM {escaped(self.only(listed))} WHERE {where}", key)
            rows(self.connection, "SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")
            return self.content.now()
        except psycopg2.Error as error:
            return str(error).splitlines()[0]
        finally:
            rows(self.connection, "ROLLBACK")

    def there_and_back(self, address, options, in_sql=None):
        """One dry run, delete and restore; whether the row is live again."""
        dry = self.ask("DELETE", f"{address}?{options}&dryRun=true")
        if self.moved("a dry run", dry):
            return False
        deleted = self.ask("DELETE", f"{address}?{options}")
        self.compare_dry(dry, deleted)
        if not deleted.good:
            self.refused(deleted, options, in_sql)
            return not self.moved("a refused delete", deleted)
        return self.gone(deleted, in_sql)

    def refused(self, deleted, options, in_sql):
        what = "delete" if options else "delete without cascade=true"
        if isinstance(in_sql, dict):
            what += ", which SQL does"
        self.report.refused(what, deleted)

    def gone(self, deleted, in_sql):
        members = self.members(deleted)
        self.report.counts["deletes"] += 1
        self.report.counts["rows"] += deleted.json["groupSize"]
        self.report.largest = max(self.report.largest, deleted.json["groupSize"])
        written = {each["table"] for each in deleted.json.get("written", [])}
        after = self.content.now()
        self.compare_gone(deleted, members, written, after)
        self.compare_sql(deleted, members, after, in_sql)
        return self.restore(deleted, members, written)

    def moved(self, what, answer):
        """Whether anything changed that must not; then a difference."""
        after = self.content.now()
        found = differing(self.before, after)
        self.before = after
        if found:
            self.difference(f"{what} changed rows", answer, found)
        return bool(found)

    def difference(self, what, answer, found=None):
        lines = [f"{what}: {answer}"]
        for path, (lost, beside) in (found or {}).items():
            lines.append(f"  {path}: lost {shortened(lost)}, new {shortened(beside)}")
        self.report.differences.append("\n".join(lines))

    def compare_dry(self, dry, deleted):
        """A dry run without blockers promises the delete, and one with them its refusal."""
        free = dry.good and not dry.json["blockers"]
        if free != deleted.good or not dry.good and dry.json.get("code") != deleted.json.get("code"):
            self.difference(f"the dry run says otherwise ({dry})", deleted)
        elif free and dry.json["total"] != deleted.json["groupSize"]:
            self.difference(f"the dry run counts {dry.json['total']}", deleted)

    def members(self, deleted):
        """Items by table; None where they are more than a page."""
        if deleted.json["groupSize"] > PAGE:
            return None
        listed = self.ask("GET", f"/v1/trash?groupId={deleted.json['groupId']}&limit={PAGE}").json
        return collections.Counter(self.path(item["resource"]) for item in listed)

    def path(self, resource):
        """Of a table without a key the resource is its name, where need be behind its schema's."""
        return self.resources.get(resource) or self.unserved.get(urllib.parse.unquote(resource), resource)

    def compare_sql(self, deleted, members, after, in_sql):
        """Without triggers, which write times and the like, a delete leaves what SQL's would."""
        if in_sql is None or members is None or self.triggered(members):
            return
        if isinstance(in_sql, str):
            self.difference(f"SQL says {in_sql}", deleted)
            return
        found = differing(in_sql, after)
        if found and not self.triggered(found):
            self.difference("SQL leaves other rows", deleted, found)

    def compare_gone(self, deleted, members, written, after):
        gone = {path: count for path, count in shrunk(self.before, after).items() if path not in written}
        if members is None:
            good = bool(written) or sum(gone.values()) == deleted.json["groupSize"]
        else:
            good = gone == {path: count for path, count in members.items() if path not in written}
        if not good and not self.explained(gone, members):
            self.difference(f"gone are {gone}, in the trash {dict(members or {})}", deleted)

    def explained(self, gone, members):
        """What triggers wrote beside, where the trash has just what went otherwise."""
        beside = {path for path, count in gone.items() if count < 0 and path not in (members or {})}
        taken = {path: count for path, count in gone.items() if path not in beside}
        if not members or taken != dict(members) or not self.triggered(members):
            return False
        self.report.untold |= beside
        return True

    def triggered(self, members):
        return any(path in self.tables and self.tables[path].triggers for path in members or {})

    def restore(self, deleted, members, written):
        answer = self.ask("POST", f"/v1/trash/{deleted.json['id']}/$restore")
        after = self.content.now()
        found = differing(self.before, after)
        self.before = after
        if not answer.good:
            forced = self.forced & set(members or {})
            self.report.refused("restore of rows that triggers had refused" if forced else "restore", answer)
            if not self.triggered(members):
                self.difference("the restore is refused", answer)
            return False
        self.report.counts["restores"] += 1
        answered = answer.json.get("altered", []) + answer.json.get("added", [])
        told = {self.path(each["resource"]) for each in answered} | written
        faults = {path: rest for path, rest in found.items() if not self.by_triggers(path, rest, told, members)}
        if faults:
            self.difference("not as before", answer, faults)
        return True

    def by_triggers(self, path, rest, told, members):
        """Sorts a table that differs: told in the answers, or not of the group and with no fewer rows than before."""
        if path in told:
            self.report.told.add(path)
            return True
        lost, beside = rest
        if self.triggered(members) and path not in (members or {}) and len(lost) <= len(beside):
            self.report.untold.add(path)
            return True
        return False
