"""The packaged service as its unit starts it, and a trash that is filled and emptied over HTTP."""
import json
import re
import signal
import subprocess
import urllib.request

SOCKET = "host=/var/lib/trashd/trashd-data/socket user=postgres dbname=trashd"
PROJECTS = 60
TABLES = f"""
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL UNIQUE, noted timestamptz NOT NULL DEFAULT now());
CREATE TABLE task (id serial PRIMARY KEY, project_id int NOT NULL REFERENCES project ON DELETE CASCADE, text text);
CREATE INDEX ON task (project_id);
INSERT INTO project (id, name) SELECT i, 'project ' || i FROM generate_series(1, {PROJECTS}) i;
INSERT INTO task (project_id, text) SELECT i, 'task ' || j FROM generate_series(1, {PROJECTS}) i, generate_series(1, 5) j;
"""
ALL_ROWS = "SELECT to_jsonb(p) FROM project p ORDER BY id; SELECT to_jsonb(t) FROM task t ORDER BY id"


class Service:
    """Runs from `with` to its end, as the user and with the words of the unit; only the port is another."""

    def __init__(self, root):
        self.root = root
        unit = root.read("lib/systemd/system/trashd.service")
        self.user = re.search(r"^User=(\S+)$", unit, re.M)[1]
        self.folder = re.search(r"^WorkingDirectory=(\S+)$", unit, re.M)[1]
        self.words = re.search(r"^ExecStart=(.*)$", unit, re.M)[1].split()
        self.port = 0

    def start(self):
        words = ["env", "-C", self.folder, *self.words, "--listen", "127.0.0.1:0"]
        return subprocess.Popen([str(word) for word in self.root.command(words, self.user)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        self.process = self.start()
        self.told = ""
        for line in self.process.stderr:
            self.told += line
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return self
        raise SystemExit(f"the service does not start:\n{self.told}")

    def __exit__(self, *_):
        self.process.terminate()
        self.told += self.process.communicate(timeout=60)[1]
        if self.process.returncode:
            raise SystemExit(f"the service ends with {self.process.returncode}:\n{self.told}")

    def refusal(self):
        """What it says where it does not start, and its status."""
        process = self.start()
        return process.communicate(timeout=120)[1], process.returncode

    def ask(self, verb, address):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{address}", method=verb)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
            return json.loads(text) if text else dict(answer.headers)

    def sql(self, text):
        return self.root.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", SOCKET, "-c", text, user=self.user)

    def rows(self):
        return self.sql(ALL_ROWS)

    def fill(self):
        """Makes tables; serves them from the next start on."""
        self.sql(TABLES)

    def trash_all(self):
        for project in range(1, PROJECTS + 1):
            self.ask("DELETE", f"/v1/project/{project}")
        return self.sql("SELECT (SELECT count(*) FROM project), (SELECT count(*) FROM task), (SELECT count(*) FROM "
                        "trashd.item)").strip()

    def restore_all(self):
        while items := self.ask("GET", "/v1/trash?root=true&limit=50"):
            for item in items:
                self.ask("POST", f"/v1/trash/{item['id']}/$restore")

    def told_on_hangup(self):
        """What it says when the unit is reloaded."""
        # The process that was started becomes the program, by exec all the way.
        self.process.send_signal(signal.SIGHUP)
        return self.ask("GET", "/readyz")
