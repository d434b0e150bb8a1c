"""Looks whether what was answered is what the account has: what was told as done is done, what was refused is not, and
what was not answered was done wholly or not at all."""
import collections
import json
import re

from pick import item_id
from tables import TABLES

REFUSALS = {404, 409, 410, 412}
# What others may do to a request though nothing was broken: deadlocks, changes of the tables, locks held for long.
MET = ("the change met another at the same time", "the schema changed meanwhile", "the statement took too long",
       "others hold locks on these rows")


class Judge:
    def __init__(self, account, stand):
        self.account, self.stand = account, stand
        self.counts = collections.Counter()
        self.operations = {}  # id: the answer that named it
        self.keys = collections.defaultdict(set)  # Idempotency-Key: transactions
        self.seconds = collections.defaultdict(list)  # that requests of a kind took
        self.details = collections.Counter()  # of errors, by code and the first words

    def wrong(self, answer, text):
        self.account.find("wrong", f"{answer.kind} {answer.target} ({answer.request}): {text}")

    def judge(self, answers):
        for answer in answers:
            self.one(answer)
        self.keys.clear()

    def one(self, answer):
        self.counts[f"{answer.kind} {answer.status or 'lost'}"] += 1
        self.seconds[answer.kind].append(answer.ended - answer.began)
        if answer.problem:
            self.wrong(answer, answer.problem)
        if answer.status == 0:
            self.lost(answer)
        elif answer.status // 100 == 2:
            self.done(answer)
        else:
            self.refused(answer)
        self.whole(answer)

    def whole(self, answer):
        """One transaction, however often it was sent. Emptying alone takes several."""
        if answer.kind == "empty":
            return
        transactions = {entry.transaction for entry in self.account.ledger.get(answer.request, ())}
        if answer.key:
            self.keys[answer.key] |= transactions
            transactions = self.keys[answer.key]
        if len(transactions) > 1:
            self.wrong(answer, f"was done {len(transactions)} times: {transactions}")

    def lost(self, answer):
        if not self.stand.explained(answer.began, answer.ended):
            self.wrong(answer, f"the connection broke after {answer.ended - answer.began:.1f} s")

    def refused(self, answer):
        problem = parsed(answer.body) or {}
        words = re.sub(r"[0-9a-f-]*[0-9][0-9a-f-]*", "N", problem.get("detail", ""))
        self.details[f"{answer.kind} {answer.status} {problem.get('code')}: {words[:90]}"] += 1
        if answer.status >= 500:
            return self.failed(answer, problem)
        renamed = answer.kind == "empty" and b"'resource' is none" in answer.body  # just then
        if answer.status not in REFUSALS and not renamed:
            self.wrong(answer, f"{answer.status} {answer.body[:500]}")
        if answer.kind != "empty" and answer.request in self.account.ledger:
            self.wrong(answer, f"was answered {answer.status} and has changed something: {answer.body[:300]}")

    def failed(self, answer, problem):
        """What met others says so; all else has to be explained by what was broken, and be no more than 503."""
        why = self.stand.explained(answer.began, answer.ended)
        met = problem.get("detail", "").startswith(MET)
        if answer.status != 503 or "Retry-After" not in answer.headers or not (why or met):
            self.wrong(answer, f"{answer.status} {problem} after {answer.ended - answer.began:.1f} s, beside: {why}")

    def done(self, answer):
        if answer.status == 202:
            self.operations[answer.headers["Location"].rsplit("/", 1)[1]] = answer
        else:
            getattr(self, "done_" + answer.kind, lambda _: None)(answer)

    def done_delete(self, answer):
        uuid = answer.headers["X-Trash-Group"]
        self.is_group(answer, uuid)
        group = self.account.groups.get(self.account.uuids.get(uuid))
        is_root = answer.headers["Location"].endswith(item_id(uuid, 1))
        if group and is_root and answer.target[0] != "member" and group.root != answer.target[:2]:
            self.wrong(answer, f"group {uuid} is of {group.root}")  # members alone may have a key again

    def is_group(self, answer, uuid, state=None):
        group = self.account.groups.get(self.account.uuids.get(uuid))
        if group is None or state and group.state != state:
            self.wrong(answer, f"group {uuid} is {group}, answered {answer.status}")

    def done_bulk(self, answer):
        for each in parsed(answer.body):
            if each["trashItem"]:
                self.is_group(answer, each["trashItem"]["groupId"])
            elif each["status"] != "not-found":
                self.wrong(answer, f"{each}")

    def done_hard(self, answer):
        if answer.target[:2] not in self.account.gone:
            self.wrong(answer, "it is not gone")

    def done_restore(self, answer):
        told = parsed(answer.body)
        self.is_group(answer, told["groupId"], "restored")
        group = self.account.groups.get(self.account.uuids.get(told["groupId"]))
        if group and not told.get("ancestors") and told["restored"] != group.size:
            self.wrong(answer, f"{told['restored']} rows of {group.size}")
        for each in told.get("altered", []):
            if set(each["columns"]) - TABLES[each["resource"]].owned:
                self.wrong(answer, f"altered {each}")

    def done_purge(self, answer):
        self.is_group(answer, answer.target[0][:-8] + "00000000", "purged")

    def done_dry(self, answer):
        if answer.request in self.account.ledger:
            self.wrong(answer, "a dry run has changed something")

    def done_write(self, answer):
        for uid, version in answer.target:
            if version not in self.account.written[uid]:
                self.wrong(answer, f"version {version} of {uid} was answered {answer.status} and never written")

    done_post = done_patch = done_put = done_write

    # What was answered 202.

    def judge_operations(self, found):
        """found: id: (state, error, result), of all that there are."""
        for number, answer in self.operations.items():
            state, error, result = found.get(number, ("gone", None, None))
            self.counts[f"operation {state}"] += 1
            if state not in ("done", "failed"):
                self.wrong(answer, f"operation {number} is {state}")
            elif state == "failed" and error.get("status") not in REFUSALS:
                self.wrong(answer, f"operation {number}: {error}")
            elif state == "done":
                self.operation_done(answer, result or {})
        self.operations.clear()

    def operation_done(self, answer, result):
        if answer.kind == "restore":
            self.is_group(answer, result["groupId"], "restored")
        elif answer.kind == "delete":  # of what was in the trash already there is the place alone
            self.is_group(answer, result["location"].rsplit("/", 1)[1][:-8] + "00000000")
        elif answer.kind == "hard":
            self.done_hard(answer)


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        return None
