"""Clients of the services: every kind of request that changes something, and some that only look."""
import collections
import itertools
import json
import urllib.parse

from client import Client, Request
from pick import NEW, Database, any_group, any_row, task_id
from tables import ADDRESSED, TABLES
from values import as_json, sendable


class Requester:
    def __init__(self, name, stand, random):
        self.name, self.stand, self.random = name, stand, random
        self.counts = collections.Counter()
        self.database = Database(stand, self.counts)
        self.client = Client(name, stand, random)
        self.acts = [(self.delete, 24), (self.bulk, 5), (self.where, 1), (self.dry, 3), (self.restore, 20),
                     (self.look, 4), (self.purge, 3), (self.hard, 4), (self.empty, 0.3), (self.post, 10),
                     (self.patch, 8), (self.put, 5), (self.undelete, 3)]

    def turn(self):
        act = self.random.choices([act for act, _ in self.acts], [weight for _, weight in self.acts])[0]
        act()

    def close(self):
        self.client.close()
        self.database.close()

    def chance(self, part):
        return self.random.random() < part

    def send(self, *request, repeat=0.4, **more):
        return self.client.send(Request(*request, **more), repeat)

    def table(self):
        return self.random.choices(ADDRESSED, [1, 3, 8, 10, 6, 6, 6])[0]

    def address(self, table, row=None):
        """(uid, path of the row), the key as trashd writes it."""
        key = TABLES[table].key
        row = row or any_row(self.random, self.database, table, ", ".join(("uid", "ver", *key)))
        if row is None:
            return None, None
        values = [urllib.parse.quote(str(value).replace(",", "%2C"), safe=",") for value in row[2:]]
        return (table, row[0], row[1]), f"/v1/{table}/{','.join(values)}"

    def query(self, **more):
        more = {"reason": f"because of {self.name}", **more}
        return "?" + urllib.parse.urlencode({name: value for name, value in more.items() if value})

    def delete(self):
        table = self.table()
        target, path = self.address(table)
        if path:
            headers = {"Prefer": "respond-async"} if self.chance(0.08) else \
                {"Prefer": "return=representation"} if self.chance(0.2) else {}
            cascade = "true" if self.chance(0.7) else None
            self.send("delete", "DELETE", path + self.query(cascade=cascade), target, headers=headers)

    def hard(self):
        target, path = self.address(self.random.choice(["task", "note", "piece", "project"]))
        if path:
            self.send("hard", "DELETE", path + self.query(hard="true", cascade="true"), target)

    def dry(self):
        target, path = self.address(self.table())
        if path:
            self.send("dry", "DELETE", path + self.query(dryRun="true", cascade="true"), target, repeat=0)

    def bulk(self):
        table = self.random.choice(["task", "note", "piece", "project", "member"])
        key = TABLES[table].key
        found = [any_row(self.random, self.database, table, ", ".join(key)) for _ in range(self.random.randrange(1, 9))]
        ids = [list(map(str, row)) if len(key) > 1 else str(row[0]) for row in found if row]
        if not ids:
            return
        if len(key) == 1 and self.chance(0.4):
            self.send("bulk", "DELETE", f"/v1/{table}" + self.query(cascade="true", ids=",".join(ids)), (table,))
        else:
            self.send("bulk", "POST", f"/v1/{table}/bulk-delete" + self.query(cascade="true"), (table,),
                      body=json.dumps({"ids": ids}))

    def where(self):
        table = self.random.choice(["note", "piece", "task"])
        found = any_row(self.random, self.database, table, "uid")
        if found:
            where = {"where[uid][greater_than_equal]": found[0], "where[uid][less_than]": found[0] + 60}
            self.send("bulk", "DELETE", f"/v1/{table}" + self.query(cascade="true", **where), (table,))

    def restore(self):
        item = any_group(self.random, self.database)
        if item:
            options = {"with": "ancestors" if self.chance(0.5) else None, "lossy": "true" if self.chance(0.5) else None,
                       "dryRun": "true" if self.chance(0.12) else None, "reason": None}
            kind = "dry" if options["dryRun"] else "restore"
            headers = {"Prefer": "respond-async"} if self.chance(0.05) else {}
            self.send(kind, "POST", f"/v1/trash/{item}/$restore" + self.query(**options), (item,), headers=headers,
                      repeat=0.4 if kind == "restore" else 0)

    def undelete(self):
        """The other way to restore, by the address of the object."""
        table = self.random.choice(["task", "note", "project"])
        found = self.database.one(
            "SELECT i.object_id FROM trashd.item i JOIN trashd.shape s ON s.id = i.shape WHERE s.table_name = %s "
            "AND i.group_id >= (SELECT %s * max(id) FROM trashd.trash_group) ORDER BY i.group_id LIMIT 1",
            (table, self.random.random()))
        if found:
            self.send("restore", "PATCH", f"/v1/{table}/{found[0]}?deleted=true", (found[0],),
                      body='{"deletedAt": null}')

    def purge(self):
        item = any_group(self.random, self.database)
        if item:
            self.send("purge", "DELETE", f"/v1/trash/{item}", (item,), repeat=0)

    def empty(self):
        filters = self.random.choice([{"resource": "note"}, {"resource": "task"}, {"olderThan": "20s"}, {}])
        headers = {"Prefer": "respond-async"} if self.chance(0.7) else {}
        self.send("empty", "DELETE", "/v1/trash" + self.query(confirm="true", **filters), headers=headers, repeat=0)

    def look(self):
        table = self.table()
        target, path = self.address(table)
        item = any_group(self.random, self.database)
        paths = [f"/v1/{table}?limit=20&deleted=null", f"/v1/{table}/@deleted?limit=20", "/v1/trash?limit=20",
                 f"/v1/{table}/$metadata", "/v1/history?limit=20"] + [path, f"{path}/@history"] * bool(path)
        self.send("look", "GET", self.random.choice(paths + [f"/v1/trash/{item}"] * bool(item)), target or (), repeat=0)

    def others(self, table):
        """A new row's own columns as members of a JSON object, or None."""
        uid = next(each for each in NEW if sendable(each, 1))
        project = any_row(self.random, self.database, "task", "id, project")
        if table == "person":
            return uid, {"id": uid, "email": f"p{self.random.randrange(400)}@example.org"}
        if table == "area":
            return uid, {"key": f"area {uid}"}
        if project is None:
            return uid, None
        return uid, {"task": {"id": task_id(uid), "project": project[1], "parent": project[0]},
                     "note": {"id": uid, "task": project[0]}, "piece": {"id": uid, "project": project[1]},
                     "project": {"id": uid, "area": None}}[table]

    def post(self):
        table = self.random.choice(["person", "area", "task", "note", "piece", "project"])
        made = [self.others(table) for _ in range(self.random.choice([1, 1, 1, 4]))]
        bodies = [body_of(uid, 1, given) for uid, given in made if given is not None]
        if bodies:
            body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
            target = tuple((uid, 1) for uid, given in made if given is not None)
            self.send("post", "POST", f"/v1/{table}", target, body=body)

    def patch(self):
        target, path = self.address(self.table())
        if path:
            _, uid, ver = target
            ver = following(uid, ver)
            self.send("patch", "PATCH", path, ((uid, ver),), body=body_of(uid, ver, {}))

    def put(self):
        table = self.random.choice(["note", "piece"])
        refs = list(TABLES[table].refs)
        row = any_row(self.random, self.database, table, ", ".join(["uid", "ver", "id", *refs]))
        if row:
            _, path = self.address(table, row[:3])
            uid, ver = row[0], following(*row[:2])
            self.send("put", "PUT", path, ((uid, ver),), body=body_of(uid, ver, dict(zip(refs, row[3:]))))


def following(uid, ver):
    return next(each for each in itertools.count(ver + 1) if sendable(uid, each))


def body_of(uid, ver, given):
    members = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in given.items()]
    return "{" + ",".join(members + as_json(uid, ver)) + "}"
