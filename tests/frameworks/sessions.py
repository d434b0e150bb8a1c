"""What no framework does: statements, jobs, poolers, prepared transactions, and sessions that end before they should.

The tables are those of psql.sql. Statements run on a database that is captured and on a twin that is not.
"""
import contextlib
import io
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import psycopg2

from stage import Stage, Twin, rows, summary

HERE = pathlib.Path(__file__).resolve().parent
CLIENT = {"client": 1, "project": 2, "task": 8, "time_record": 18, "task_tag": 16}
PROJECT = {"project": 1, "task": 4, "time_record": 9, "task_tag": 8}
CUT = {"time_record": 1}


def group(root, counts, cut=None, by="postgres"):
    return {"root": root, "by": f"sql:{by}", "rows": counts, "cut": cut or {}}


# The application's own triggers, by whose names they would fire before and after those of capture.
TRIGGERS = """
CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE NOTICE '% % %', TG_NAME, TG_WHEN, TG_OP;
  RETURN CASE TG_WHEN WHEN 'BEFORE' THEN OLD END;
END $$;
CREATE TRIGGER a BEFORE DELETE ON project FOR EACH ROW EXECUTE FUNCTION say();
CREATE TRIGGER aa AFTER DELETE ON project FOR EACH ROW EXECUTE FUNCTION say();
CREATE TRIGGER z AFTER DELETE ON project FOR EACH STATEMENT EXECUTE FUNCTION say();
CREATE TRIGGER b BEFORE DELETE ON project FOR EACH STATEMENT EXECUTE FUNCTION say();
CREATE CONSTRAINT TRIGGER zz AFTER DELETE ON project DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION say();
CREATE TRIGGER y AFTER DELETE OR UPDATE ON time_record FOR EACH ROW EXECUTE FUNCTION say();
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RETURN CASE WHEN OLD.word <> 'red' THEN OLD END;
END $$;
CREATE TRIGGER keep BEFORE DELETE ON tag FOR EACH ROW EXECUTE FUNCTION keep();
CREATE FUNCTION remove_client(key int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  n int;
BEGIN
  BEGIN
    DELETE FROM project;
    RAISE division_by_zero;
  EXCEPTION WHEN division_by_zero THEN NULL;
  END;
  DELETE FROM project WHERE client = key;
  GET DIAGNOSTICS n = ROW_COUNT;
  DELETE FROM client WHERE id = key;
  RETURN n;
END $$;
"""

STATEMENTS = {
    "DELETE … USING": (
        ["DELETE FROM project p USING client c WHERE c.id = p.client AND c.name = 'South' RETURNING p.id, c.name"],
        [group("project", PROJECT)] * 2),
    "MERGE": (
        ["""MERGE INTO project p USING (VALUES (3, 'gone'), (4, 'kept')) v(id, what) ON v.id = p.id
            WHEN MATCHED AND what = 'gone' THEN DELETE WHEN MATCHED THEN UPDATE SET name = p.name"""],
        [group("project", PROJECT)]),
    "a CTE": (
        ["""WITH p AS (DELETE FROM project WHERE client = 1 RETURNING id), c AS (DELETE FROM client WHERE id = 1 RETURNING *)
            SELECT c.*, (SELECT count(*) FROM p) FROM c"""],
        [group("client", CLIENT, CUT)]),
    "a PL/pgSQL function": (
        ["SELECT remove_client(1)"], [group("client", CLIENT, CUT)]),
    "a function in a savepoint that is rolled back": (
        ["BEGIN", "SAVEPOINT s", "SELECT remove_client(1)", "ROLLBACK TO s", "DELETE FROM project WHERE id = 3", "COMMIT"],
        [group("project", PROJECT)]),
    "nothing": (
        ["DELETE FROM project WHERE id = 99", "UPDATE time_record SET task = NULL WHERE id = 99"], []),
    "rows that a trigger keeps": (
        ["DELETE FROM tag WHERE word IN ('red', 'green') RETURNING word"],
        [group("tag", {"tag": 1, "task_tag": 16})]),
    "an error after a delete": (
        ["BEGIN", "DELETE FROM project WHERE id = 3", "DELETE FROM client WHERE id = 3", "COMMIT"], []),
    "an error of a constraint that waits for the commit": (
        ["ALTER TABLE invoice ALTER CONSTRAINT invoice_client_fkey DEFERRABLE INITIALLY DEFERRED", "BEGIN",
         "DELETE FROM project WHERE client = 3", "DELETE FROM client WHERE id = 3", "COMMIT",
         "ALTER TABLE invoice ALTER CONSTRAINT invoice_client_fkey NOT DEFERRABLE"], []),
}
JOB = "BEGIN; CREATE TEMPORARY TABLE done (id int) ON COMMIT DROP"


class Notices(list):
    """All of them: a list would be cut at fifty."""


def tell(connection, statements):
    """What a client is told of each: tag, rows or error, and the notices of triggers."""
    told = []
    connection.notices = Notices()
    with connection.cursor() as cursor:
        for statement in statements:
            try:
                cursor.execute(statement)
                told.append((cursor.statusmessage, sorted(cursor.fetchall()) if cursor.description else None))
            except psycopg2.Error as error:
                told.append((error.pgcode, str(error)))
    return told, list(connection.notices)


def copy_job(connection):
    """Reads what is to be deleted from a file of its own."""
    rows(connection, JOB)
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY done FROM STDIN", io.StringIO("3\n4\n"))
        copied = cursor.rowcount
        cursor.execute("DELETE FROM project USING done WHERE done.id = project.id")
        told = copied, cursor.statusmessage
    rows(connection, "COMMIT")
    return told


class Pooler:
    """PgBouncer in transaction mode before a cluster, with one connection to its server."""

    def __init__(self, cluster):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trashd-pooler-"))
        (self.folder / "users").write_text(f'"{cluster.user}" ""\n', encoding="utf-8")
        (self.folder / "ini").write_text(f"""[databases]
* = host={cluster.folder}
[pgbouncer]
pool_mode = transaction
default_pool_size = 1
unix_socket_dir = {self.folder}
listen_port = 6432
auth_type = trust
auth_file = {self.folder}/users
logfile = {self.folder}/log
""", encoding="utf-8")
        if cluster.as_server:  # it refuses to run as root
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, "postgres")
        self.url = f"host={self.folder} port=6432 user={cluster.user} dbname="
        command = cluster.as_server + ["/usr/sbin/pgbouncer", "-q", str(self.folder / "ini")]
        self.process = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def connect(self, database):
        until = time.monotonic() + 20
        while True:
            try:
                connection = psycopg2.connect(self.url + database)
                connection.autocommit = True
                return connection
            except psycopg2.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sessions:
    def __init__(self, cluster, stage, faults):
        self.cluster, self.stage, self.faults = cluster, stage, faults
        self.before = stage.contents()

    def connect(self):
        return contextlib.closing(self.cluster.connect(self.stage.name))

    def expect(self, what, groups):
        """Whatever happened, this is in the trash; then all comes back."""
        found = sorted((summary(one) for one in self.stage.groups()), key=str)
        self.faults.same(f"{what}: the groups", found, sorted(groups, key=str))
        if not groups:
            self.faults.same(f"{what}: what should have stayed", self.stage.contents(), self.before)
        self.faults.same(f"{what}: what is noted while it runs", self.stage.leftovers(), 0)
        self.stage.restore_all()
        self.faults.same(f"{what}: after the restore", self.stage.contents(), self.before)

    def beside_the_twin(self, what, twin, work, groups):
        self.faults.same(f"{what}: what it is told", work(self.stage.connection), work(twin.connection))
        self.faults.same(f"{what}: what is left", self.stage.contents(), twin.contents())
        self.expect(what, groups)
        twin.begin_anew()

    def statements(self, twin):
        for what, (statements, groups) in STATEMENTS.items():
            self.beside_the_twin(what, twin, lambda connection: tell(connection, statements), groups)
        self.beside_the_twin("a job with COPY", twin, copy_job, [group("project", PROJECT)] * 2)

    def pooler(self):
        """Each request says who asks; the next one through the same connection of the pooler says nothing."""
        with contextlib.closing(Pooler(self.cluster)) as pooler, \
                contextlib.closing(pooler.connect(self.stage.name)) as one, \
                contextlib.closing(pooler.connect(self.stage.name)) as other:
            rows(one, "BEGIN; SELECT set_config('trashd.by', 'ana', true)")
            rows(one, "DELETE FROM project WHERE id = 3; COMMIT")
            rows(other, "DELETE FROM project WHERE id = 4")
            rows(other, "BEGIN; DELETE FROM project WHERE client = 1; SET LOCAL trashd.by = 'ben'")
            rows(other, "DELETE FROM client WHERE id = 1; COMMIT")
        self.expect("PgBouncer in transaction mode", [
            group("project", PROJECT, by="ana"), group("project", PROJECT), group("client", CLIENT, CUT, "ben")])

    def job_of_a_role(self):
        """What a session begins with says who it is."""
        url = self.cluster.url(self.stage.name)
        with contextlib.closing(psycopg2.connect(f"{url} options='-c trashd.by=nightly'")) as connection:
            rows(connection, "DELETE FROM project WHERE id = 3; COMMIT")
        rows(self.stage.connection, "CREATE ROLE night LOGIN; GRANT SELECT, DELETE ON project TO night")
        rows(self.stage.connection, "ALTER ROLE night SET trashd.by = 'nightly clean-up'")
        with contextlib.closing(psycopg2.connect(url.replace(f"user={self.cluster.user}", "user=night"))) as connection:
            rows(connection, "DELETE FROM project WHERE id = 4; COMMIT")
        self.expect("jobs", [group("project", PROJECT, by="nightly"), group("project", PROJECT, by="nightly clean-up")])

    def deadlock(self):
        """Two sessions delete the same two projects, one from either end."""
        fallen = []

        def second(connection, key):
            try:
                rows(connection, "DELETE FROM project WHERE id = %s", [key])
                rows(connection, "COMMIT")
            except psycopg2.errors.DeadlockDetected:
                fallen.append(key)
                rows(connection, "ROLLBACK")

        with self.connect() as one, self.connect() as other:
            rows(one, "BEGIN; DELETE FROM project WHERE id = 3")
            rows(other, "BEGIN; DELETE FROM project WHERE id = 4")
            threads = [threading.Thread(target=second, args=pair) for pair in ((one, 4), (other, 3))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.faults.same("a deadlock: who fell", len(fallen), 1)
        self.expect("a deadlock", [group("project", PROJECT)] * 2)

    def in_the_middle(self, connection):
        """A transaction that has deleted, and has a statement that deletes and does not end. Gives the thread that waits."""
        rows(connection, "BEGIN; UPDATE time_record SET task = NULL WHERE task = 1; DELETE FROM project WHERE id = 3")

        def wait():
            with contextlib.suppress(psycopg2.Error):
                rows(connection, "DELETE FROM project WHERE id = 4 AND pg_sleep(600) IS NOT NULL")

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        until = time.monotonic() + 30
        while not rows(self.stage.connection, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            if time.monotonic() > until:
                raise SystemExit("the delete did not begin to wait")
            time.sleep(0.02)
        return thread

    def killed_backend(self):
        with self.connect() as connection:
            thread = self.in_the_middle(connection)
            rows(self.stage.connection, "SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
            thread.join()
            self.faults.expect("a killed backend: the session goes on", connection.closed)
        self.expect("a killed backend", [])

    def crash(self):
        """The server ends at once, and comes again."""
        self.stage.connection.close()
        self.cluster.stop()
        self.cluster.start()
        self.stage.connection = self.cluster.connect(self.stage.name)
        until = time.monotonic() + 30
        while self.stage.service.ask("GET", "/v1/trash")[0].status != 200:
            if time.monotonic() > until:
                raise SystemExit("trashd does not find back to the server")
            time.sleep(0.05)

    def killed_server(self):
        """What was committed is in the trash, what ran leaves nothing, and what comes after is captured."""
        with self.connect() as connection:
            rows(self.stage.connection, "BEGIN; DELETE FROM project WHERE client = 1; DELETE FROM client WHERE id = 1; COMMIT")
            thread = self.in_the_middle(connection)
            self.crash()
            thread.join()
        rows(self.stage.connection, "DELETE FROM project WHERE id = 4")
        self.expect("a killed server", [group("client", CLIENT, CUT), group("project", PROJECT)])

    def prepared(self):
        """Deleted and prepared is neither live to others nor in the trash until it is committed, whatever crashes between."""
        with self.connect() as connection:
            rows(connection, "BEGIN; SET LOCAL trashd.by = 'ana'; DELETE FROM project WHERE client = 1")
            rows(connection, "DELETE FROM client WHERE id = 1")
            rows(connection, "PREPARE TRANSACTION 'kept'")
            rows(connection, "BEGIN; DELETE FROM project WHERE id = 3; PREPARE TRANSACTION 'left'")
            rows(connection, "DELETE FROM project WHERE id = 4")  # beside them
        self.faults.same("a prepared transaction: what others see of it", len(self.stage.groups()), 1)
        self.crash()
        self.faults.same("a prepared transaction: what others see after a crash", len(self.stage.groups()), 1)
        rows(self.stage.connection, "COMMIT PREPARED 'kept'")
        rows(self.stage.connection, "ROLLBACK PREPARED 'left'")
        self.expect("a prepared transaction", [group("client", CLIENT, CUT, "ana"), group("project", PROJECT)])


def made(cluster):
    name = cluster.create("sessions")
    command = [cluster.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "step=make", "-d", cluster.url(name),
               "-f", HERE / "psql.sql", "-c", TRIGGERS]
    subprocess.run(command, check=True)
    return name


def run(program, cluster, faults):
    """cluster: with prepared transactions."""
    name = made(cluster)
    twin = cluster.create("sessions_twin", name)
    with contextlib.closing(Stage(program, cluster, name)) as stage:
        with contextlib.closing(Twin(cluster, twin)) as twin:
            stage.command("capture", "on", "client", "tag")
            sessions = Sessions(cluster, stage, faults)
            sessions.statements(twin)
        for work in (sessions.pooler, sessions.job_of_a_role, sessions.deadlock, sessions.killed_backend,
                     sessions.killed_server, sessions.prepared):
            work()
