"""Clients of the database itself, beside the services: they insert, update, move, change keys and delete."""
import collections

from cluster import rows
from pick import NEW, Database, any_row, insert, near, task_id, update
from tables import GROUPED


class Writer:
    def __init__(self, name, stand, random):
        self.name, self.random = name, random
        self.counts = collections.Counter()
        self.database = Database(stand, self.counts)
        self.full = False
        self.makes = [self.tree, self.child, self.many]
        self.acts = [(self.tree, 5), (self.child, 10), (self.version, 12), (self.move, 4), (self.key, 2),
                     (self.remove, 3), (self.people, 3), (self.many, 1)]

    def turn(self):
        acts = [(act, weight) for act, weight in self.acts if not (self.full and act in self.makes)]
        act = self.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        self.counts["SQL " + act.__name__] += 1
        act()

    def close(self):
        self.database.close()

    def row(self, table, columns="uid, ver"):
        return any_row(self.random, self.database, table, columns)

    def area(self):
        found = self.row("area", "key")
        return found[0] if found and self.random.random() < 0.9 else None

    def tree(self):
        """A new project with some of everything."""
        area, person = self.area(), self.row("person", "id")
        with self.database.transaction() as connection:
            if area is None:
                area = f"area {next(NEW)}"
                insert(connection, "area", {"key": area}, next(NEW))
            project = next(NEW)
            insert(connection, "project", {"id": project, "area": area}, project)
            self.below(connection, project, self.random.randrange(6), person and person[0])

    def below(self, connection, project, tasks, person):
        parents = [None]
        for _ in range(tasks):
            task = next(NEW)
            insert(connection, "task", {"id": task_id(task), "project": project,
                                        "parent": self.random.choice(parents)}, task)
            parents.append(task_id(task))
            self.leaf(connection, project, task_id(task), person)

    def leaf(self, connection, project, task, person):
        kind = self.random.choice(["note", "entry", "piece", "member"])
        uid = next(NEW)
        given = {"note": {"id": uid, "task": task, "person": person}, "entry": {"task": task},
                 "piece": {"id": uid, "project": project}, "member": {"project": project, "person": person}}[kind]
        if kind != "member" or person:
            rows(connection, "SAVEPOINT leaf")  # the same member twice
            try:
                insert(connection, kind, given, uid)
            except Exception as error:
                if getattr(error, "pgcode", None) != "23505":
                    raise
                rows(connection, "ROLLBACK TO leaf")

    def child(self):
        """Beside deletes of its parent: the foreign key must hold in the end."""
        task, person = self.row("task", "id, project"), self.row("person", "id")
        if task:
            with self.database.transaction() as connection:
                self.leaf(connection, task[1], task[0], person and person[0])

    def many(self):
        """So many that their delete becomes an operation."""
        with self.database.transaction() as connection:
            project = next(NEW)
            insert(connection, "project", {"id": project, "area": None}, project)
            self.below(connection, project, self.random.randrange(60, 160), None)

    def people(self):
        with self.database.transaction() as connection:
            uid = next(NEW)
            insert(connection, "person", {"id": uid, "email": f"p{self.random.randrange(400)}@example.org"}, uid)

    def version(self):
        table = self.random.choice(GROUPED)
        with self.database.transaction() as connection:
            found = rows(connection, f"SELECT uid, ver FROM {table} WHERE uid >= %s ORDER BY uid LIMIT 3 FOR UPDATE",
                         (near(self.random),))
            for uid, ver in found:
                update(connection, table, uid, ver + 1)

    def move(self):
        """References point elsewhere, or nowhere."""
        note, task = self.row("note", "uid"), self.row("task", "id, project")
        if note and task:
            with self.database.transaction() as connection:
                rows(connection, "UPDATE note SET task = %s WHERE uid = %s",
                     (self.random.choice([task[0], None]), note[0]))
        piece = self.row("piece", "uid")
        if piece and task:
            with self.database.transaction() as connection:
                rows(connection, "UPDATE piece SET project = %s WHERE uid = %s", (task[1], piece[0]))

    def key(self):
        """A key changes, and with it what refers to it."""
        with self.database.transaction() as connection:
            if self.random.random() < 0.5:
                rows(connection, "UPDATE area SET key = %s WHERE uid = (SELECT uid FROM area WHERE uid >= %s "
                     "ORDER BY uid LIMIT 1)", (f"area {next(NEW)}", near(self.random)))
            else:
                rows(connection, "UPDATE project SET id = %s WHERE uid = (SELECT uid FROM project WHERE uid >= %s "
                     "ORDER BY uid LIMIT 1)", (next(NEW), near(self.random)))

    def remove(self):
        """By SQL: gone, and the journal says so."""
        table = self.random.choice(["note", "entry", "piece", "member", "task", "project"])
        found = self.row(table, "uid")
        if found:
            with self.database.transaction() as connection:
                rows(connection, "INSERT INTO soak.journal (what) VALUES (%s)", (f"{table} {found[0]}",))
                rows(connection, f"DELETE FROM {table} WHERE uid = %s", found)
