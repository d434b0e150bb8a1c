"""A PostgreSQL cluster of one's own: durable settings, a Unix socket, gone at the end."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg2

# Durability is PostgreSQL's default. Checkpoints are kept out of rounds of seconds, for both sides.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "'1GB'",
    "max_wal_size": "'8GB'",
    "checkpoint_timeout": "'30min'",
    "lc_messages": "'C'",
}


def program_folder():
    found = sorted(
        pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not found:
        raise SystemExit("no PostgreSQL server under /usr/lib/postgresql; run script/install")
    return found[-1]


class Cluster:
    """Runs from `with` to its end; the folder goes with it."""

    def __init__(self, parent=None, settings=None, prefix="trashd-bench-"):
        """settings: those that are to be others than SETTINGS."""
        self.programs = program_folder()
        self.settings = SETTINGS | (settings or {})
        self.keep = False  # whether the folder stays
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        self.as_server = []
        if os.geteuid() == 0:  # the server refuses root
            shutil.chown(self.folder, "postgres")
            self.as_server = ["runuser", "-u", "postgres", "--"]
        self.user = "postgres"

    def __enter__(self):
        try:
            self.run(
                "initdb",
                "-D",
                self.folder / "data",
                "-U",
                self.user,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale",
                "C.UTF-8",
            )
            text = "".join(f"{key} = {value}\n" for key, value in self.settings.items())
            text += f"unix_socket_directories = '{self.folder}'\n"
            with open(self.folder / "data" / "postgresql.conf", "a", encoding="utf-8") as file:
                file.write(text)
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if not self.keep:
                shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        log = self.folder / "server.log"
        self.run("pg_ctl", "-s", "-w", "-D", self.folder / "data", "-l", log, "start")

    def stop(self):
        """As a crash of the server would end it."""
        self.run("pg_ctl", "-s", "-w", "-m", "immediate", "-D", self.folder / "data", "stop")

    def run(self, name, *arguments):
        command = self.as_server + [str(self.programs / name), *map(str, arguments)]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name} failed: {done.stderr or done.stdout}")

    def url(self, database, host=None):
        return f"host={host or self.folder} user={self.user} dbname={database}"

    def connect(self, database="postgres"):
        connection = psycopg2.connect(self.url(database))
        connection.autocommit = True
        return connection

    def create(self, database, template="template0"):
        with contextlib.closing(self.connect()) as connection:
            rows(connection, f"CREATE DATABASE {database} TEMPLATE {template}")
        return database

    def drop(self, database):
        with contextlib.closing(self.connect()) as connection:
            rows(connection, f"DROP DATABASE {database} WITH (FORCE)")


def rows(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def value(connection, sql, parameters=None):
    return rows(connection, sql, parameters)[0][0]
