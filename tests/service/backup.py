#!/usr/bin/env python3
"""Runs the commands of docs/backup.md and restores what lies in the trash of each copy.

Usage: backup.py TRASHD BACKUP_MD. Starts clusters of its own; exit status 1 when a copy of the database restores
anything else than went into the trash.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, gone text, a text, b text, c text);
ALTER TABLE t DROP COLUMN gone;
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE k (id int PRIMARY KEY, gone int, p int REFERENCES p ON DELETE SET NULL, q int);
ALTER TABLE k DROP COLUMN gone;
CREATE TABLE secrets (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, 'A', 'B', NULL), (2, NULL, NULL, 'C');
INSERT INTO p VALUES (1);
INSERT INTO k VALUES (1, 1, NULL);
INSERT INTO secrets VALUES (7, 'hidden');
"""
ROWS = ("SELECT string_agg(x, ' ' ORDER BY x) FROM (SELECT 't' || t AS x FROM t UNION ALL SELECT 'p' || p FROM p "
        "UNION ALL SELECT 'k' || k FROM k) r")
PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{command}\n{done.stdout}")
    return done.stdout


def as_server(command, **options):
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return run(prefix + [str(word) for word in command], **options)


class Cluster:
    """A server in a folder of its own; logical, so that it can publish. It archives its log."""

    def __init__(self, root, name):
        self.folder = root / name
        self.data, self.archive = self.folder / "data", self.folder / "archive"
        for folder in (self.folder, self.archive):
            folder.mkdir()
            if os.geteuid() == 0:
                shutil.chown(folder, "postgres")

    def make(self):
        as_server([PROGRAMS / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--locale", "C.UTF-8"],
                  cwd="/")
        return self

    def start(self):
        options = f"-c listen_addresses= -k {self.folder} -c wal_level=logical -c fsync=off " \
            f"-c archive_mode=on -c 'archive_command=cp %p {self.archive}/%f'"
        as_server([PROGRAMS / "pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start"],
                  cwd="/")
        return self

    def stop(self):
        as_server([PROGRAMS / "pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop"], cwd="/")

    def url(self, database, user="postgres"):
        return f"host={self.folder} user={user} dbname={database}"

    def sql(self, database, text, user="postgres"):
        return run([PROGRAMS / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                    self.url(database, user), "-c", text]).strip()


def wait(cluster, database, query, value):
    """Whether the query gives the value within a minute."""
    for _ in range(600):
        if cluster.sql(database, query) == value:
            return True
        time.sleep(0.1)
    return False


class Document:
    """The blocks of the page, by the word behind the language."""

    def __init__(self, path):
        found = re.findall(r"^```(?:sh|sql) (\w+)\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
        self.blocks = dict(found)
        self.left = set(self.blocks)

    def block(self, name):
        self.left.discard(name)
        return self.blocks[name]

    def run(self, name, folder, server=False, **variables):
        environment = {**os.environ, "PATH": f"{PROGRAMS}:{TRASHD.parent}:{os.environ['PATH']}",
                       **{key: str(value) for key, value in variables.items()}}
        command = ["bash", "-e", "-o", "pipefail", "-c", self.block(name)]
        return (as_server if server else run)(command, cwd=folder, env=environment)


class Check:
    """Deletes on the source; every copy must restore the same."""

    def __init__(self, document, root):
        self.document, self.root, self.faults = document, root, []
        self.source = Cluster(root, "source").make().start()

    def prepare(self):
        self.source.sql("postgres", "CREATE ROLE shop_owner LOGIN; CREATE ROLE trashd_service LOGIN")
        self.source.sql("postgres", "CREATE DATABASE shop OWNER shop_owner")
        self.source.sql("shop", "GRANT CREATE ON DATABASE shop TO trashd_service; ALTER SCHEMA public OWNER TO "
                        "shop_owner")
        self.source.sql("shop", TABLES, "shop_owner")
        self.source.sql("shop", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "
                        "trashd_service")
        self.before = self.source.sql("shop", ROWS)
        self.items = [self.delete(row) for row in ("t/1", "t/2", "p/1")]
        self.hidden = self.delete("secrets/7")
        self.source.sql("shop", "DROP TABLE secrets", "shop_owner")

    def delete(self, row):
        with Service(self.source.url("shop", "trashd_service")) as service:
            return service.delete(row)

    def grant(self):
        url = self.source.url("shop", "trashd_service")
        failed = subprocess.run([PROGRAMS / "pg_dump", "-d", self.source.url("shop", "shop_owner")],
                                capture_output=True, text=True)
        self.expect("permission denied" in failed.stderr, "pg_dump of the owner was not refused")
        doctor = subprocess.run([TRASHD, "doctor", "--database", url], capture_output=True, text=True).stdout
        for line in self.document.block("grant").strip().splitlines():
            told = line.replace("ROLE trashd ", "ROLE trashd_service ")
            for name in ("trashd", "shop_owner", "trashd_service"):
                told = re.sub(rf"(SCHEMA|TO|ROLE) {name}\b", rf'\1 "{name}"', told)
            self.expect(told in doctor, f"doctor does not say: {told}\n{doctor}")
            self.source.sql("shop", told, "trashd_service")

    def expect(self, good, fault):
        if not good:
            self.faults.append(fault)
            print(f"FAULT: {fault}", flush=True)

    def copy(self, name, cluster, database):
        url = cluster.url(database)
        for item in self.items:
            done = subprocess.run([TRASHD, "trash", "restore", item, "--database", url], capture_output=True, text=True)
            self.expect(done.returncode == 0, f"{name}: {item}: {done.stdout}{done.stderr}")
        hidden = subprocess.run([TRASHD, "trash", "restore", self.hidden, "--database", url], capture_output=True,
                                text=True)
        self.expect(hidden.returncode == 4, f"{name}: rows of a dropped table went somewhere: {hidden.stdout}")
        after = cluster.sql(database, ROWS)
        self.expect(after == self.before, f"{name}: {after}\ninstead of {self.before}")
        print(f"{name}: restored", flush=True)

    def dump(self):
        fresh = Cluster(self.root, "fresh").make().start()
        fresh.sql("postgres", "CREATE ROLE shop_owner; CREATE ROLE trashd_service")
        for name in ("copy", "other"):
            fresh.sql("postgres", f"CREATE DATABASE {name}")
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        self.document.run("dump", folder, DATABASE=self.source.url("shop", "shop_owner"))
        self.document.run("load", folder, COPY=fresh.url("copy"), OTHER=fresh.url("other"))
        told = self.document.run("start", folder, COPY=fresh.url("copy"))
        self.expect("1 TrashItems in 1 groups" in told, f"doctor does not count what is stranded: {told}")
        self.copy("pg_restore", fresh, "copy")
        self.copy("psql", fresh, "other")
        return fresh

    def files(self):
        self.document.run("template", self.root, SERVER=self.source.url("postgres"), NAME="shop")
        self.copy("template", self.source, "shop_copy")
        based = Cluster(self.root, "based")
        self.document.run("base", "/", server=True, SERVER=self.source.url("postgres"), TARGET=based.data)
        based.start()
        self.copy("base backup", based, "shop")
        based.stop()

    def recovery(self):
        """To a moment after the deletes and before what came by accident."""
        moment = Cluster(self.root, "moment")
        as_server([PROGRAMS / "pg_basebackup", "-d", self.source.url("postgres"), "-c", "fast", "-D", moment.data],
                  cwd="/")
        self.source.sql("shop", "SELECT pg_create_restore_point('before_the_accident')")
        self.source.sql("shop", "INSERT INTO t VALUES (9, 'by', 'accident', NULL)")
        self.source.sql("shop", "SELECT pg_switch_wal()")
        self.document.run("recover", "/", server=True, TARGET=moment.data, ARCHIVE=self.source.archive)
        moment.start()
        self.expect(wait(moment, "shop", "SELECT NOT pg_is_in_recovery()", "t"), "the recovery came to no end")
        self.copy("point-in-time recovery", moment, "shop")
        moment.stop()
        self.source.sql("shop", "DELETE FROM t WHERE id = 9")

    def upgrade(self):
        self.source.stop()
        new = Cluster(self.root, "new").make()
        self.document.run("upgrade", new.folder, server=True, OLD_PROGRAMS=PROGRAMS, PROGRAMS=PROGRAMS,
                          OLD_DATA=self.source.data, NEW_DATA=new.data)
        new.start()
        self.copy("pg_upgrade", new, "shop")
        new.stop()
        self.source.start()

    def logical(self, fresh):
        fresh.sql("postgres", "CREATE DATABASE subscriber")
        place = {"DATABASE": self.source.url("shop"), "COPY": fresh.url("subscriber")}
        self.document.run("replicate", self.root, **place)
        wait(fresh, "subscriber", "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'", "0")
        fresh.sql("subscriber", "CREATE TABLE here_alone (id int PRIMARY KEY)")
        self.source.sql("shop", "CREATE TABLE late (id int PRIMARY KEY, v text); INSERT INTO late VALUES (1, 'v')")
        fresh.sql("subscriber", "CREATE TABLE late (id int PRIMARY KEY, v text)")
        self.source.sql("shop", "GRANT ALL ON late TO trashd_service")
        item = self.delete("late/1")
        wait(fresh, "subscriber", "SELECT count(*) FROM trashd.trash_group", "5")
        self.document.run("switch", self.root, **place)
        self.copy("logical replication", fresh, "subscriber")
        run([TRASHD, "trash", "restore", item, "--database", fresh.url("subscriber")])
        self.expect(fresh.sql("subscriber", "SELECT late::text FROM late") == "(1,v)", "the late table is not right")

    def all(self):
        self.prepare()
        self.grant()
        fresh = self.dump()
        self.files()
        self.recovery()
        self.upgrade()
        self.logical(fresh)
        fresh.stop()
        self.source.stop()
        self.expect(not self.document.left, f"never run: {self.document.left}")


class Service:
    """trashd serve for one delete."""

    def __init__(self, url):
        self.url = url

    def __enter__(self):
        self.process = subprocess.Popen([TRASHD, "serve", "--database", self.url, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            found = re.search(r"listening on \S*?:(\d+)", line)
            if found:
                self.port = int(found[1])
                return self
        raise SystemExit("trashd did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def delete(self, row):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("DELETE", f"/v1/{row}")
        answer = connection.getresponse()
        if answer.status != 204:
            raise SystemExit(f"DELETE {row}: {answer.status} {answer.read()}")
        return answer.headers["Location"].rsplit("/", 1)[1]


def main():
    root = pathlib.Path(tempfile.mkdtemp(prefix="trashd-backup-", dir="/tmp"))
    root.chmod(0o755)
    check = Check(Document(pathlib.Path(sys.argv[2])), root)
    try:
        check.all()
    finally:
        for data in root.glob("*/data"):
            if (data / "postmaster.pid").exists():
                as_server([PROGRAMS / "pg_ctl", "-D", data, "-m", "immediate", "stop"], cwd="/")
        shutil.rmtree(root)
    sys.exit(1 if check.faults else 0)


TRASHD = pathlib.Path(sys.argv[1]).resolve()
if __name__ == "__main__":
    main()
