#!/usr/bin/python3
"""Tries trashd on schemas that others wrote. See script/schemas."""
import argparse
import collections
import contextlib
import pathlib
import signal
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "bench"))  # its cluster and its service

# pylint: disable=wrong-import-position
from catalog import Catalog, identifier  # noqa: E402
from cluster import Cluster, rows, value  # noqa: E402
from fill import Filler  # noqa: E402
from service import Service  # noqa: E402
from sources import load, sources  # noqa: E402
from trial import Trial  # noqa: E402

# Nothing here outlives its run.
SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "'128MB'",
    "max_wal_size": "'1GB'", "max_locks_per_transaction": "1024", "jit": "off", "max_parallel_workers_per_gather": "0",
}
ROLE = "trashd_service"
SCHEMAS = ("SELECT nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%' "
           "ORDER BY nspname")


def grant(connection, database, schemas):
    """What README asks for."""
    rows(connection, f"GRANT CREATE ON DATABASE {database} TO {ROLE}")
    for name in schemas:
        quoted = identifier(name)
        rows(connection, f"GRANT USAGE ON SCHEMA {quoted} TO {ROLE}")
        rows(connection, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {quoted} TO {ROLE}")
        rows(connection, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {quoted} TO {ROLE}")


class Schema:
    """One schema from its files to its line."""

    def __init__(self, cluster, arguments, name, files):
        self.cluster, self.arguments, self.name, self.files = cluster, arguments, name, files
        self.database = cluster.create("schema")

    def run(self):
        errors = load(self.cluster, self.database, self.files)
        with contextlib.closing(self.cluster.connect(self.database)) as connection:
            rows(connection, "SET client_min_messages = error")
            catalog = Catalog(connection)
            begin = time.monotonic()
            filler = Filler(connection, catalog, self.arguments.seed, self.arguments.rows)
            filler.fill()
            filled = time.monotonic() - begin
            report = self.trial(connection, catalog, filler.forced)
        facts = self.facts(catalog, filler, errors, report)
        facts["seconds"] = f"{filled:.0f} to fill, {time.monotonic() - begin - filled:.0f} to try"
        self.tell(facts, filler, errors, report)
        return report, len(catalog.tables)

    def trial(self, connection, catalog, forced):
        schemas = [name for (name,) in rows(connection, SCHEMAS)]
        if not self.arguments.owner:
            grant(connection, self.database, schemas)
        settings = "schemas = [" + ", ".join(f"'{name}'" for name in schemas) + "]\n"
        user = "postgres" if self.arguments.owner else ROLE
        url = self.cluster.url(self.database).replace("user=postgres", f"user={user}")
        log = pathlib.Path(tempfile.mkdtemp(dir=self.cluster.folder)) / "log"
        with Service(self.arguments.program, url, log, settings=settings) as service:
            trial = Trial(service, connection, user, catalog, self.arguments)
            trial.forced = forced
            report = trial.run()
            if service.process.poll() is not None:
                report.differences.append(f"trashd ended with {service.process.returncode}")
        self.log = log.read_text(encoding="utf-8", errors="replace")
        return report

    def facts(self, catalog, filler, errors, report):
        tables = list(catalog.tables.values())
        return {
            "load errors": len(errors),
            "tables": len(tables),
            "foreign keys": sum(len(table.foreign_keys) for table in tables),
            "triggers": sum(table.triggers for table in tables),
            "filled": f"{len(tables) - len(self.empty(filler))} ({len(filler.forced)} forced)",
            "resources": report.counts["resources"],
            "tried": report.counts["tried"],
            "deletes": report.counts["deletes"],
            "restores": report.counts["restores"],
            "rows": report.counts["rows"],
            "largest group": report.largest,
            "refused": sum(report.refusals.values()),
            "written by triggers": f"{len(report.told)} told, {len(report.untold)} untold",
            "outcome": f"{len(report.differences)} differences" if report.differences else "identical",
            "5xx": len(report.server_errors),
        }

    def empty(self, filler):
        with contextlib.closing(self.cluster.connect(self.database)) as connection:
            return [table.path for table in filler.catalog.tables.values()
                    if not value(connection, f"SELECT EXISTS (SELECT FROM {table.sql})")]

    def tell(self, facts, filler, errors, report):
        print(f"{self.name}: " + ", ".join(f"{key} {number}" for key, number in facts.items()))
        for key, count in report.refusals.most_common():
            print(f"  {count} {key}\n      {report.examples[key]}")
        for kind, tables in (("told", report.told), ("untold", report.untold)):
            if tables:
                print(f"  written by triggers, {kind}: {', '.join(sorted(tables))}")
        for fault in report.differences:
            print(f"  DIFFERENCE {fault}")
        for answer in report.server_errors:
            print(f"  SERVER ERROR {answer}")
            self.tell_log(answer.json.get("requestId"))
        if self.arguments.verbose:
            for line in errors + [f"not filled: {path}: {reason}" for path, reason in filler.refused.items()]:
                print(f"  {line}")
        sys.stdout.flush()

    def tell_log(self, request):
        for line in self.log.splitlines():
            if request and request in line:
                print(f"      log: {line[:1000]}")


def run(arguments):
    """The exit status."""
    total = collections.Counter()
    with Cluster(settings=SETTINGS) as cluster:
        with contextlib.closing(cluster.connect()) as connection:
            rows(connection, f"CREATE ROLE {ROLE} LOGIN")
        for name, files in sources(arguments.folder):
            schema = Schema(cluster, arguments, name, files)
            report, tables = schema.run()
            total.update(report.counts, schemas=1, tables=tables, differences=len(report.differences),
                         errors=len(report.server_errors))
            cluster.drop(schema.database)
    print(f"schemas: {total['schemas']} schemas, {total['tables']} tables, {total['deletes']} deletes, "
          f"{total['restores']} restores, {total['rows']} rows, {total['differences']} differences, "
          f"{total['errors']} server errors")
    return 1 if total["differences"] or total["errors"] or not total["schemas"] else 0


def parsed():
    parser = argparse.ArgumentParser(prog="script/schemas", description="Tries trashd on the schemas in a folder.")
    parser.add_argument("folder", type=lambda text: pathlib.Path(text).resolve(),
                        help="NAME.sql each, or folders NAME of *.sql files")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=4, help="for each table, by default 4")
    parser.add_argument("--tries", type=int, default=2, help="rows deleted of each table, by default 2")
    parser.add_argument("--owner", action="store_true", help="serve as a superuser, not as README says")
    parser.add_argument("--verbose", action="store_true", help="also errors of loading, and why tables stay empty")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the cluster goes with it
    sys.exit(run(parsed()))


if __name__ == "__main__":
    main()
