#!/usr/bin/python3
"""What forgetting costs: retention purges so many items that are due, twice over the same tables,
and then prunes their history. Tells the longest transaction, what single deletes cost meanwhile,
and whether the room is used again. See docs/operations.md."""
import argparse
import contextlib
import os
import threading
import time

import service as services
from cluster import Cluster, rows, value

SIZE = 50  # items of a group: a project with its tasks
STEP = 2000  # groups that one statement makes

SCHEMA = """
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL, note text);
CREATE TABLE task (id int PRIMARY KEY, project int NOT NULL REFERENCES project ON DELETE CASCADE,
                   name text NOT NULL, note text);
CREATE INDEX ON task (project);
CREATE TABLE memo (id int PRIMARY KEY, text text);
"""
LIKE = """
INSERT INTO project VALUES (0, 'a project', repeat('x', 60));
INSERT INTO task SELECT i, 0, 'task ' || i, repeat('y', 60) FROM generate_series(1, %(size)s - 1) i
"""
GROUPS = """
INSERT INTO trashd.trash_group (id, uuid, created_at, deleted_by, root_shape, root_object, shapes,
    counts, size, links, expires_at)
SELECT %(base)s + n, set_uuid.u, now() - interval '1 hour', deleted_by, root_shape,
    (%(base)s + n)::text, shapes, counts, size, links, now() - interval '1 minute'
FROM like_group g, generate_series(%(first)s, %(last)s) n,
    LATERAL (SELECT (overlay(md5((%(base)s + n)::text) placing '00000000' from 25))::uuid AS u) set_uuid
"""
ITEMS = """
INSERT INTO trashd.item (group_id, ordinal, shape, object_id, payload)
SELECT g.id, i.ordinal, i.shape, (g.id * 100 + i.ordinal)::text,
    CASE WHEN i.ordinal = 1 THEN ARRAY[(g.id * 100 + 1)::text] || i.payload[2:]
      ELSE ARRAY[(g.id * 100 + i.ordinal)::text, (g.id * 100 + 1)::text] || i.payload[3:] END
FROM trashd.trash_group g, like_item i
WHERE g.id BETWEEN %(base)s + %(first)s AND %(base)s + %(last)s
"""
ENTRIES = """
INSERT INTO trashd.ledger (at, action, by, schema_name, table_name, object_id, group_uuid, counts)
SELECT g.created_at, 'trashed', g.deleted_by, 'public', 'project', g.root_object, g.uuid,
    jsonb_build_object('public.project', 1, 'public.task', %(size)s - 1)
FROM trashd.trash_group g WHERE g.id BETWEEN %(base)s + %(first)s AND %(base)s + %(last)s
"""
TABLES = ("item", "trash_group", "ledger", "ledger_seal")
LONGEST = """SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)), 0)::float8
FROM pg_stat_activity a
WHERE a.application_name = 'trashd retention' AND a.state <> 'idle'
  AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.mode = 'RowShareLock'
    OR l.pid = a.pid AND l.mode = 'RowExclusiveLock')"""
EVERY = '[retention]\nevery = "1s"\n'


class Watch:
    """The longest transaction of retention that holds locks of rows, as far as looking often tells,
    and the time of single deletes meanwhile."""

    def __init__(self, cluster, service, memos):
        self.cluster, self.service, self.memos = cluster, service, memos
        self.over = threading.Event()
        self.longest, self.deletes = 0.0, []
        self.threads = [threading.Thread(target=work) for work in (self.look, self.delete)]

    def look(self):
        with contextlib.closing(self.cluster.connect("forget")) as connection:
            while not self.over.is_set():
                self.longest = max(self.longest, value(connection, LONGEST))
                time.sleep(0.002)

    def delete(self):
        for number in self.memos:
            if self.over.is_set():
                return
            self.deletes.append(self.service.call("DELETE", f"/v1/memo/{number}")[0])
            time.sleep(0.02)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Forgetting:
    def __init__(self, cluster, program, groups):
        self.cluster, self.program, self.groups = cluster, program, groups
        self.connection = cluster.connect("forget")
        self.memos = iter(range(1, 1000000))

    def service(self, settings=""):
        return services.Service(
            self.program,
            self.cluster.url("forget"),
            self.cluster.folder / "forget.log",
            config=services.CONFIG + settings,
        )

    def prepare(self):
        rows(self.connection, SCHEMA)
        rows(self.connection, LIKE, {"size": SIZE})
        rows(self.connection, "INSERT INTO memo SELECT i, 'a memo' FROM generate_series(1, 100000) i")
        with self.service() as service:
            _, item = service.delete("project", 0)
            rows(self.connection, "CREATE TABLE like_group AS TABLE trashd.trash_group")
            rows(self.connection, "CREATE TABLE like_item AS TABLE trashd.item")
            service.call("DELETE", item)

    def fill(self):
        base = self.last_group()
        for first in range(1, self.groups + 1, STEP):
            at = {
                "base": base, "first": first, "size": SIZE,
                "last": min(first + STEP - 1, self.groups),
            }
            for statement in (GROUPS, ITEMS, ENTRIES):
                rows(self.connection, statement, at)
        rows(
            self.connection,
            "SELECT setval('trashd.trash_group_id_seq', (SELECT max(id) FROM trashd.trash_group))",
        )

    def last_group(self):
        return value(self.connection, "SELECT last_value FROM trashd.trash_group_id_seq")

    def empty(self):
        """What the watch has deleted, which would stay for ever and keep the seals of the ledger."""
        with self.service() as service:
            service.call("DELETE", "/v1/trash?confirm=true&resource=memo")

    def vacuumed(self):
        """Waits for autovacuum."""
        for _ in range(120):
            dead = value(
                self.connection,
                "SELECT max(n_dead_tup) FROM pg_stat_user_tables WHERE schemaname = 'trashd' "
                "AND relname IN ('item', 'trash_group', 'ledger')",
            )
            if dead < 5000:
                break
            time.sleep(1)

    def sizes(self):
        return {
            table: value(self.connection, f"SELECT pg_total_relation_size('trashd.{table}')")
            for table in TABLES
        }

    def quiet(self):
        """Seconds of single deletes while nothing is forgotten."""
        with self.service() as service, Watch(self.cluster, service, self.memos) as watch:
            time.sleep(10)
        return watch

    def wait(self, settings, left, most=3600):
        """Seconds until the statement finds nothing, and what was watched meanwhile."""
        with self.service(settings) as service, Watch(self.cluster, service, self.memos) as watch:
            begin = time.monotonic()
            while value(self.connection, left):
                if time.monotonic() > begin + most:
                    raise SystemExit("it does not come to an end")
                time.sleep(0.2)
            seconds = time.monotonic() - begin
        return seconds, watch


def median(values):
    return sorted(values)[len(values) // 2]


def report(name, seconds, amount, watch, quiet):
    print(
        f"{name}: {amount:,} in {seconds:.0f} s, {amount / seconds:,.0f} a second; longest transaction "
        f"{watch.longest * 1000:.0f} ms; a delete meanwhile {median(watch.deletes) / median(quiet.deletes):.1f} "
        f"times as long in the middle, {max(watch.deletes) * 1000:.0f} ms at most "
        f"(else {max(quiet.deletes) * 1000:.0f})",
        flush=True,
    )


def compare(name, now, before):
    told = ", ".join(f"{table} {now[table] / before[table]:.2f}" for table in TABLES)
    print(f"{name}: {told} times as large", flush=True)


DUE = "SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed' AND expires_at < now()"
ENDED = "SELECT EXISTS (SELECT FROM trashd.trash_group WHERE state <> 'trashed' AND id > %s)"


def one_round(forgetting, items, quiet, name):
    """Sizes when the tables are full, when the items are purged, and in the end."""
    start = forgetting.last_group()
    forgetting.fill()
    sizes = [forgetting.sizes()]
    seconds, watch = forgetting.wait(EVERY, DUE)
    report(f"{name} round, items purged", seconds, items, watch, quiet)
    sizes.append(forgetting.sizes())
    forgetting.empty()
    entries = value(forgetting.connection, "SELECT count(*) FROM trashd.ledger")
    seconds, watch = forgetting.wait(EVERY + 'history = "1s"\n', ENDED % start)
    report(f"{name} round, entries pruned", seconds, entries, watch, quiet)
    forgetting.vacuumed()
    sizes.append(forgetting.sizes())
    return sizes


def measure(cluster, program, items):
    forgetting = Forgetting(cluster, program, items // SIZE)
    forgetting.prepare()
    quiet = forgetting.quiet()
    first = one_round(forgetting, items, quiet, "first")
    second = one_round(forgetting, items, quiet, "second")
    for name, now, before in zip(("filled", "purged", "pruned"), second, first):
        compare(f"{name} the second time", now, before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1000000)
    parser.add_argument("program", type=os.path.abspath)
    options = parser.parse_args()
    settings = {"autovacuum_naptime": "'1s'", "track_activities": "on"}
    with Cluster(settings=settings) as cluster:
        cluster.create("forget")
        measure(cluster, options.program, options.items)


if __name__ == "__main__":
    main()
