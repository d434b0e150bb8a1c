"""trashd as a process: started on a free loopback port, looked at, stopped."""
import http.client
import json
import re
import subprocess
import time


# So that the time of a request is the time of its work, however big the group; a connection waits
# while millions of rows are made.
CONFIG = "[limits]\nasync_rows = 0\nstatement_timeout_ms = 600000\nidle_seconds = 3600\n"


class Service:
    name = "trashd"

    def __init__(self, program, url, log, host="127.0.0.1", settings="", config=CONFIG, port=0):
        """settings: lines of the configuration's top level, which stand before config; port: 0 is any that is free."""
        self.host = host
        self.log = log
        self.file = open(log, "w", encoding="utf-8")  # closed in stop()
        path = f"{log}.toml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(settings + config)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command(program, path, url, f"{host}:{port}"),
            cwd="/",
            stdout=self.file,
            stderr=subprocess.STDOUT,
        )
        try:
            self.port = self.wait_for_port()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        self.seconds_to_start = time.monotonic() - self.started
        self.connection = None

    def command(self, program, config, url, listen):
        return [program, "serve", "--config", config, "--database", url, "--listen", listen]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_for_port(self):
        while time.monotonic() < self.started + 60:
            with open(self.log, encoding="utf-8") as file:
                found = re.search(r"listening on \S+:(\d+)", file.read())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        with open(self.log, encoding="utf-8") as file:
            raise SystemExit(f"{self.name} did not start:\n" + file.read()[-2000:])

    def wait_until_ready(self):
        while time.monotonic() < self.started + 60:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
            connection.request("GET", "/readyz")
            status = connection.getresponse().status
            connection.close()
            if status == 200:
                return
            time.sleep(0.002)
        raise SystemExit(f"{self.name} does not get ready")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.file.close()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.file.close()

    @property
    def base(self):
        return f"http://{self.host}:{self.port}"

    def connect(self):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=600)
            self.connection.connect()

    def ask(self, method, path, headers=None):
        """(answer, body) over a connection that is kept, whatever the status."""
        self.connect()
        self.connection.request(method, path, headers=headers or {})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def call(self, method, path):
        """(seconds, headers, body); fails on any status but 2xx."""
        self.connect()
        begin = time.perf_counter()
        answer, body = self.ask(method, path)
        seconds = time.perf_counter() - begin
        if answer.status // 100 != 2:
            raise SystemExit(f"{method} {path}: {answer.status} {body[:500].decode()}")
        return seconds, answer.headers, body

    def delete(self, resource, key):
        """Seconds, and the path of the TrashItem."""
        seconds, headers, _ = self.call("DELETE", f"/v1/{resource}/{key}")
        return seconds, headers["Location"]

    def json(self, path):
        return json.loads(self.call("GET", path)[2])

    def memory(self):
        """Resident MiB: now, and at the most since the start."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            text = file.read()
        return {
            name: int(re.search(rf"{key}:\s+(\d+) kB", text)[1]) / 1024
            for name, key in (("resident_mib", "VmRSS"), ("peak_mib", "VmHWM"))
        }
