#!/usr/bin/env python3
"""Applications in eight frameworks whose deletes are captured, unchanged.

Usage: frameworks.py TRASHD [NAME...]. Each application makes and fills tables with its framework's own means. Then it
deletes in the framework's ordinary ways, once on a database whose deletes are captured and once on a twin whose are
not: what it is told and what is left in the tables must be the same, the trash must have the groups that are written
here, and a restore over HTTP must bring back every table byte for byte. sessions.py does so for what no framework
does. The recipes of docs/capture-recipes.md must be the applications' own lines. The last line says how many
expectations held. NAMEs choose applications.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import sessions  # noqa: E402
from stage import Faults, Stage, Twin, summary  # noqa: E402

from cluster import Cluster, rows  # noqa: E402

ROOT = HERE.parents[1]
WHO = "ana@example.com"
ROLE = "app"  # owns the applications' tables, and may do nothing in the trash schema
INTERPRETERS = {".py": "/usr/bin/python3", ".mjs": "node", ".rb": "/usr/bin/ruby"}

# What hangs on the objects that are deleted, as every application fills its tables. One record of another client's
# project is for a task of the first client: it stays, and loses its task.
CLIENT = {"client": 1, "project": 2, "task": 8, "record": 18, "task_tag": 16}
PROJECT = {"project": 1, "task": 4, "record": 9, "task_tag": 8}
RECORD = {"record": 1}
CUT = {"record": 1}


def group(root, counts, cut=None, by=ROLE):
    return {"root": root, "by": f"sql:{by}", "rows": counts, "cut": cut or {}}


# The groups that a step leaves in the trash, comments aside.
EXPECTED = {
    "object": [group("client", CLIENT, CUT, WHO)],
    "query": [group("record", RECORD)] * 9,
    "below": [group("project", PROJECT)] * 2,
    "returning": [group("record", RECORD)] * 9,
    "savepoint": [group("project", PROJECT)],
    "rollback": [],
    "unrelated": [group("project", PROJECT), group("client", CLIENT, CUT)],
    "refused": [],
}
# Without a transaction of the caller Sequelize deletes each row in its own.
TASKS_ALONE = [group("task", {"task": 1, "task_tag": 2}, {"record": 2})] * 7
EXPECTED_ALSO = {
    "alone": [group("client", {"client": 1})] + [group("project", {"project": 1})] * 2 + [group("record", RECORD)] * 18
    + [group("task", {"task": 1, "task_tag": 2}, {"record": 3})] + TASKS_ALONE,
}
ENDS = {"rollback": "2 clients after the delete", "refused": "violates (RESTRICT setting of )?foreign key constraint"}
# A comment has no foreign key: it is a group of its own. One is on each project and each task.
COMMENTS = {"object": 10, "below": 10, "savepoint": 5, "unrelated": 15}

RAILS = """[[reference]]
table = "comments"
columns = ["subject_id"]
where = "subject_type = 'Project'"
to = "projects"
on_delete = "cascade"

[[reference]]
table = "comments"
columns = ["subject_id"]
where = "subject_type = 'Task'"
to = "tasks"
on_delete = "cascade"
"""
DJANGO = "".join(f"""[[reference]]
table = "work_comment"
columns = ["object_id"]
where = "content_type_id = (SELECT c.id FROM public.django_content_type c WHERE c.model = '{model}')"
to = "work_{model}"
on_delete = "cascade"
""" for model in ("project", "task"))


class Kind:
    """An application: its file, the names of its tables, the steps that its framework takes, with their groups."""

    def __init__(self, file, tables, without=(), references="", also=()):
        """tables: of client, project, task, record, task_tag, and of comment where there are such."""
        self.file, self.references = HERE / file, references
        self.groups = {step: groups for step, groups in EXPECTED.items() if step not in without}
        self.groups |= {step: EXPECTED_ALSO[step] for step in also}
        self.tables = dict(zip(("client", "project", "task", "record", "task_tag", "comment"), tables))

    @property
    def name(self):
        return self.file.stem

    def expected(self, step):
        groups = self.groups[step] + self.comments(step)
        return sorted((json.dumps(self.named(one), sort_keys=True) for one in groups))

    def comments(self, step):
        by = WHO if step == "object" else ROLE
        return [group("comment", {"comment": 1}, by=by)] * COMMENTS.get(step, 0) if "comment" in self.tables else []

    def named(self, one):
        return {"root": self.tables[one["root"]], "by": one["by"],
                "rows": {self.tables[table]: n for table, n in one["rows"].items()},
                "cut": {self.tables[table]: n for table, n in one["cut"].items()}}


KINDS = [
    Kind("django_app.py", ("work_client", "work_project", "work_task", "work_timerecord", "work_task_tags", "work_comment"),
         ["returning"], DJANGO),
    Kind("sqlalchemy_app.py", ("client", "project", "task", "time_record", "task_tag"), ["below"]),
    Kind("active_record_app.rb", ("clients", "projects", "tasks", "time_records", "tags_tasks", "comments"),
         ["returning", "below"], RAILS),
    Kind("sequelize_app.mjs", ("Clients", "Projects", "Tasks", "TimeRecords", "TaskTags"), ["returning"], also=["alone"]),
    Kind("typeorm_app.mjs", ("client", "project", "task", "time_record", "task_tag")),
    Kind("drizzle_app.mjs", ("client", "project", "task", "time_record", "task_tag")),
    Kind("knex_app.mjs", ("client", "project", "task", "record", "taskTag")),
    Kind("psql.sql", ("client", "project", "task", "time_record", "task_tag")),
]


class Application:
    """The program of an application on one database; it runs from `with` to its end."""

    def __init__(self, kind, folder, environment):
        self.kind, self.folder, self.environment = kind, folder, environment
        self.process = None

    def __enter__(self):
        command = [INTERPRETERS[self.kind.file.suffix], self.kind.file.name]
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(command, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def step(self, *words):
        """What the application was told, as one line of JSON."""
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        if not told:
            self.errors.seek(0)
            raise SystemExit(f"{self.kind.name} ended at {words[0]}: {self.errors.read()[-3000:]}")
        return told.strip()


class Prompt:
    """psql instead: a session for each step. What it makes it fills as well."""

    def __init__(self, kind, folder, environment, psql):
        self.command = [psql, "-X", "-a", "-f", folder / kind.file.name]
        self.environment = environment

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def step(self, name, *_):
        done = subprocess.run(self.command + ["-v", f"step={name}"], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout


class Trial:
    def __init__(self, program, cluster, tools, faults):
        self.program, self.cluster, self.faults = program, cluster, faults
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=tools))  # where node finds its modules
        for file in HERE.iterdir():
            if file.is_file():
                shutil.copy(file, self.folder)
        with contextlib.closing(cluster.connect()) as connection:
            rows(connection, f"CREATE ROLE {ROLE} LOGIN")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def application(self, kind, database):
        environment = {**os.environ, "PGHOST": str(self.cluster.folder), "PGUSER": ROLE,
                       "PGDATABASE": database, "PGPORT": "5432"}
        if kind.file.suffix == ".sql":
            return Prompt(kind, self.folder, environment, self.cluster.programs / "psql")
        return Application(kind, self.folder, environment)

    def made(self, kind):
        """A database with the application's rows, and a copy of it."""
        name = self.owned(self.cluster.create(kind.name))
        with self.application(kind, name) as application:
            for step in ("make", "fill"):
                told = application.step(step)
                self.faults.expect(f"{kind.name} {step}", "rror" not in told, told)
        return name, self.owned(self.cluster.create(f"{kind.name}_twin", name))

    def owned(self, database):
        with contextlib.closing(self.cluster.connect()) as connection:
            rows(connection, f"ALTER DATABASE {database} OWNER TO {ROLE}")
        return database

    def run(self, kind):
        name, twin = self.made(kind)
        with contextlib.closing(Twin(self.cluster, twin)) as twin, \
                contextlib.closing(Stage(self.program, self.cluster, name, kind.references)) as stage, \
                self.application(kind, name) as captured, self.application(kind, twin.name) as other:
            stage.command("capture", "on", *(kind.tables[one] for one in ("client", "comment") if one in kind.tables))
            for step in kind.groups:
                self.take(kind, step, stage, twin, captured, other)
            if kind.references:
                self.through_the_service(kind, stage)

    def take(self, kind, step, stage, twin, captured, other):
        what = f"{kind.name} {step}"
        words = [step, WHO] if step in ("object", "rollback") else [step]
        before = stage.contents()
        told = captured.step(*words)
        self.faults.same(f"{what}: what it is told", told, other.step(*words))
        self.faults.same(f"{what}: what is left", stage.contents(), twin.contents())
        groups = stage.groups()
        self.faults.same(f"{what}: the groups", sorted(json.dumps(summary(one), sort_keys=True) for one in groups),
                         kind.expected(step))
        self.faults.expect(f"{what}: it ends otherwise", re.search(ENDS.get(step, "^(?!.*rror)"), told), told)
        if not groups:
            self.faults.same(f"{what}: what should have stayed", stage.contents(), before)
        self.faults.same(f"{what}: what is noted while it runs", stage.leftovers(), 0)
        stage.restore_all()
        self.faults.same(f"{what}: after the restore", stage.contents(), before)
        twin.begin_anew()

    def through_the_service(self, kind, stage):
        """With the pairs declared a delete over HTTP takes comments along."""
        before = stage.contents()
        stage.service.call("DELETE", f"/v1/{kind.tables['project']}/3?cascade=true")
        counts = {**kind.named(group("project", PROJECT))["rows"], kind.tables["comment"]: 5}
        self.faults.same(f"{kind.name}: a project and its comments through the service",
                         [summary(one)["rows"] for one in stage.groups()], [counts])
        stage.restore_all()
        self.faults.same(f"{kind.name}: after that restore", stage.contents(), before)


def recipe(path):
    """The lines between the marks, without the comments that mark them."""
    found = re.search(r"^\S+ \[recipe\]\n(.*?)^\S+ \[/recipe\]", path.read_text(encoding="utf-8"), re.M | re.S)
    return found[1].strip() if found else None


def check_recipes(faults):
    page = (ROOT / "docs/capture-recipes.md").read_text(encoding="utf-8")
    blocks = [block.strip() for block in re.findall(r"^```\w*\n(.*?)^```", page, re.M | re.S)]
    for kind in KINDS:
        faults.expect(f"docs/capture-recipes.md does not have the recipe of {kind.file.name} as it is there",
                      recipe(kind.file) in blocks)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    done = subprocess.run([ROOT / "script/frameworks"], check=True, stdout=subprocess.PIPE, text=True)
    tools, faults = pathlib.Path(done.stdout.strip()), Faults()
    settings = {"fsync": "off", "shared_buffers": "'128MB'", "max_prepared_transactions": "5", "deadlock_timeout": "'100ms'"}
    with Cluster(settings=settings, prefix="trashd-frameworks-") as cluster, \
            contextlib.closing(Trial(program, cluster, tools, faults)) as trial:
        for kind in KINDS:
            if not wanted or kind.name in wanted:
                trial.run(kind)
        if not wanted or "sessions" in wanted:
            sessions.run(program, cluster, faults)
    check_recipes(faults)
    print(f"{faults.held} passed, {faults.fell} failed")
    return 1 if faults.fell else 0


if __name__ == "__main__":
    sys.exit(main())
