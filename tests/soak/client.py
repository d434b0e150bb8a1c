"""One client of the services: sends requests over real sockets, keeps what was answered, and sends again
under the same Idempotency-Key what was not."""
import dataclasses
import http.client
import time

TIMEOUT = 100  # longer than any wait that the configuration allows


@dataclasses.dataclass
class Answer:
    kind: str
    target: tuple  # (table, uid), or whatever the judge of this kind needs
    request: str  # the id under which trashd's ledger has it
    key: str  # Idempotency-Key, or none
    began: float
    ended: float = 0
    status: int = 0  # 0: the connection broke
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    problem: str = ""


@dataclasses.dataclass
class Request:
    kind: str
    method: str
    path: str
    target: tuple = ()
    body: str = None
    headers: dict = dataclasses.field(default_factory=dict)


class Client:
    def __init__(self, name, stand, random):
        self.name, self.stand, self.random = name, stand, random
        self.instance = None
        self.connection = None
        self.used = 0  # when
        self.number = 0
        self.answers = []  # for the judge, who takes them away

    def send(self, request, repeat=0.0):
        """The last answer. Under a key (repeat: how likely it is) a broken request is sent until it is answered."""
        self.number += 1
        key = f"{self.name}-{self.number}" if self.random.random() < repeat else None
        answer = self.once(request, key, 1)
        if not key:
            return answer
        tries, patience = 1, self.random.choice([3, 10, 60])
        while tries < patience and again(answer) and not self.stand.pausing:
            time.sleep(0.5)
            tries += 1
            answer = self.once(request, key, tries)
        if answer.status // 100 == 2 and self.random.random() < 0.2:
            self.repeated(request, key, answer, tries + 1)
        return answer

    def repeated(self, request, key, first, tries):
        self.instance = None
        answer = self.once(request, key, tries)
        if answer.status // 100 == 2 and (answer.status, answer.body) != (first.status, first.body):
            answer.problem = (f"repeated: {answer.status} {answer.body[:300]} instead of "
                              f"{first.status} {first.body[:300]}")

    def once(self, request, key, tries):
        answer = Answer(request.kind, request.target, f"{self.name}-{self.number}.{tries}", key, time.monotonic())
        headers = {"X-Request-Id": answer.request, **request.headers}
        if key:
            headers["Idempotency-Key"] = key
        if request.body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            self.exchange(request, headers, answer)
        except (OSError, http.client.HTTPException) as error:
            answer.status = 0
            answer.problem = "no answer in time" if isinstance(error, TimeoutError) else ""
            self.close()
        answer.ended = time.monotonic()
        self.answers.append(answer)
        return answer

    def exchange(self, request, headers, answer):
        connection = self.connected()
        body = request.body.encode() if request.body is not None else None
        connection.request(request.method, request.path, body, headers)
        got = connection.getresponse()
        answer.body = got.read()
        answer.headers, answer.status = dict(got.headers), got.status
        if got.status == 404 or self.random.random() < 0.02:
            self.close()  # another instance next time

    def connected(self):
        if time.monotonic() > self.used + 20:
            self.close()  # the service ends connections that idle
        self.used = time.monotonic()
        if self.connection is None:
            self.instance = self.random.randrange(self.stand.instances)
            place = self.stand.base(self.instance)
            if place is None:
                time.sleep(0.1)
                raise ConnectionError("it is down")
            self.connection = http.client.HTTPConnection(*place, timeout=TIMEOUT)
        return self.connection

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def again(answer):
    return answer.status in (0, 503) or answer.status == 409 and "Retry-After" in answer.headers
