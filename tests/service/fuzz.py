#!/usr/bin/env python3
"""Mutated requests against the real service on the demo: it must live, answer nothing with 5xx, and
change nothing.

Usage: fuzz.py TRASHD [REQUESTS [SEED]]. Starts the program with a private PostgreSQL, sends raw bytes,
half requests, rows of requests and broken headers, addresses and bodies. Verbs that change something are
only sent to addresses and with bodies that cannot mean anything. Exit status 1 when a request broke it.
"""
import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

ID = "00000000-0000-4000-8000-000000000042"
ADDRESSES = ["/", "/docs", "/problems/held", "/healthz", "/v1/", "/v1/trash", "/v1/history", "/v1/users",
             "/v1/time/projects", "/v1/time/projects/" + ID, "/v1/time/projects/" + ID + "/@history",
             "/v1/time/projects/@deleted", "/v1/time/projects/$metadata", "/v1/trash/" + ID, "/openapi.yaml",
             "/v1/time/projects?limit=3&deleted=null&cursor=WyJsaXZlIiwieCJd", "/v1/trash?expand=object"]
# nothing here is an id of anything, however it is mutated afterwards with REPLACEMENTS
NOWHERE = ["/v1/time/projects/no-such-%s", "/v1/trash/none-%s", "/v1/nothing/%s", "/v1/trash/x%s/$restore",
           "/v1/time/projects/%%zz%s", "/v1/time/members/a,b,c,%s", "/v1/time/projects/%s%%00"]
PARAMETERS = ["limit=-1", "limit=99999999999999999999", "cursor=%", "cursor=AAAA", "deleted=x", "hard=maybe",
              "where[id][equals]='", "where[or][0][id][in]=1,2", "where[]=", "sort=-id,id", "select=*", "a=%00",
              "method=GET", "reason=" + "x" * 600, "with=ancestors", "%ff=1", "page=0", "&&==&", "expand=%C3%28"]
HEADERS = ["X: \xff", "If-Match: \"", "Prefer: return=representation", "Range: bytes=0-1,9-", "Accept: ;;,q=",
           "Accept-Encoding: gzip;q=1e9", "If-None-Match: *", "Origin: null", "Expect: 100-continue",
           "Content-Type: application/json; charset=\xff", "Host: y", "Transfer-Encoding: chunked, gzip",
           "X-Request-Id: \"}{", "Authorization: Bearer ....", "Content-Length: -1", ": x", " folded",
           "Content-Encoding: gzip", "Connection: upgrade", "X: " + "y" * 40000]
BODIES = [b"", b"{", b"[" * 5000, b'{"ids": [', b"\xff\xfe", b"null", b'"\\ud800"', b"1e999999", b"{}", b"[]",
          b'{"deletedAt": null', b'{"ids": ["\\u0000"]}', b"0" * 3000, b"--x\r\n\r\n--x--"]
READING = ["GET"] * 6 + ["HEAD"] * 3 + ["OPTIONS"] * 2 + ["TRACE", "CONNECT", "get", "BREW", "G\0T", ""]
CHANGING = ["DELETE", "POST", "PATCH", "PUT"]


class Fuzzer:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def mutate(self, data):
        data = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(data) + 1)
            kind = self.random.randrange(4)
            if kind == 0:
                data[at:at + self.random.randint(1, 8)] = b""
            elif kind == 1:
                data[at:at] = self.random.randbytes(self.random.randint(1, 8))
            elif kind == 2:
                data[at:at] = self.random.choice([b"%", b"\r\n", b"\0", b"?", b"/", b",", b"\n", b"%2F", b" "])
            elif data:
                data[at % len(data)] ^= 1 << self.random.randrange(8)
        return bytes(data)

    def address(self, changing):
        junk = "".join(self.random.choice("abc%2,@$/?&=[]'\"\\\x01\u00e4") for _ in range(self.random.choice([0, 0, 3, 12])))
        address = self.random.choice(NOWHERE) % junk if changing else self.random.choice(ADDRESSES)
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            address += ("&" if "?" in address else "?") + self.random.choice(PARAMETERS)
        return address

    def request(self):
        changing = self.random.random() < 0.4
        verb = self.random.choice(CHANGING if changing else READING)
        head = f"{verb} {self.address(changing)} HTTP/1.{self.random.choice('1110')}\r\nHost: localhost\r\n"
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            head += self.random.choice(HEADERS) + "\r\n"
        body = self.random.choice(BODIES)
        if self.random.random() < 0.3:
            pieces = [b"%x\r\n%s\r\n" % (len(body), body)] if body else []
            head += "Transfer-Encoding: chunked\r\n"
            body = b"".join(pieces) + self.random.choice([b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"-1\r\n", b"zz\r\n"])
        elif body:
            head += f"Content-Length: {len(body) + self.random.choice([0, 0, 0, 0, 0, 1, -1])}\r\n"
        data = head.encode("latin-1", "replace") + b"\r\n" + body
        # a mutation must not turn the address of something into that of another request
        return data if changing else self.mutate(data) if self.random.random() < 0.4 else data

    def bytes(self):
        kind = self.random.random()
        if kind < 0.1:
            return self.random.randbytes(self.random.randint(1, 300))
        if kind < 0.2:
            return self.request() + self.request() + self.request()
        data = self.request()
        return data[:self.random.randrange(len(data) + 1)] if kind < 0.4 else data


class Service:
    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="trashd-fuzz-")
        subprocess.run(["chmod", "755", self.folder], check=True)
        config = self.folder + "/trashd.toml"
        with open(config, "w", encoding="utf-8") as file:
            file.write("[limits]\nrequest_seconds = 1\nheader_seconds = 1\n")
        self.process = subprocess.Popen(
            [program, "serve", "--demo", "--config", config, "--listen", "127.0.0.1:0", "--data-dir",
             self.folder + "/data"], stderr=open(self.folder + "/log", "wb"))
        while not (found := re.search(r"listening on \S+:(\d+)", self.log())):
            if self.process.poll() is not None:
                raise SystemExit("the service did not start\n" + self.log())
        self.port = int(found.group(1))

    def log(self):
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}").read()

    def everything(self):
        """Every row that the service shows, live and in the trash, and all that happened."""
        paths = [entry["href"] for entry in json.loads(self.get("/v1/"))] + ["/v1/trash", "/v1/history"]
        return [self.get(path + "?limit=1000") for path in paths]

    def send(self, data):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                received = b""
                while piece := client.recv(65536):
                    received += piece
                return received
            except (ConnectionResetError, BrokenPipeError):
                return b""

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    fuzzer, service = Fuzzer(seed), Service(sys.argv[1])
    faults, statuses = [], {}
    before = service.everything()
    for number in range(count):
        data = fuzzer.bytes()
        answer = service.send(data)
        for status in re.findall(rb"(?:^|\n)HTTP/1\.1 (\d\d\d) ", answer):
            statuses[status] = statuses.get(status, 0) + 1
            if status >= b"500":
                faults.append(f"request {number}: {data!r} was answered with {status.decode()}")
        if service.process.poll() is not None:
            faults.append(f"request {number}: {data!r} ended the service")
            break
    else:
        if service.everything() != before:
            faults.append("something has changed")
        if service.stop() != 0:
            faults.append("the service did not end well")
    for fault in faults[:10]:
        print(fault[:1000])
    if faults:
        print(service.log()[-3000:])
    shutil.rmtree(service.folder, ignore_errors=True)
    print(f"seed {seed}:", ", ".join(f"{status.decode()} x {n}" for status, n in sorted(statuses.items())))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
