#!/usr/bin/env python3
"""Races everything that trashd can do against everything that happens to a database, and keeps an account of every row.

Usage: soak.py --program TRASHD MINUTES [--seed N]. Each half a minute, and at the end, all stops and the account is
compared with the database; in the end with copies of it, too, in which all that waits is restored. Exit status 1 when
a row was lost, doubled or altered, or an answer cannot be explained; then the cluster's folder is kept.
"""
import argparse
import collections
import contextlib
import pathlib
import random
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))  # whose cluster and services these are

import stream
from account import Account
from checks import Checks
from cluster import rows
from copies import FORMATS, Copy
from judge import Judge
from race import Race
from stand import Stand
from values import Canon

ROUND = 30  # seconds
TURN = 150  # the longest turn: what a request may wait, and its repetitions
FULL = 20000  # live rows; with more than these, writers make no more
SHOWN = 12  # findings of each kind


class Soak:
    def __init__(self, options):
        self.minutes, self.seed = options.minutes, options.seed
        self.stand = Stand(options.program, 2)
        self.told = 0  # findings
        self.figures = collections.Counter()

    def run(self):
        with self.stand:
            self.stand.cluster.keep = True
            self.prepare()
            self.race()
            self.copies()
            self.stand.cluster.keep = bool(self.account.findings)
        return self.report()

    def prepare(self):
        with contextlib.closing(self.stand.connect()) as connection:
            rows(connection, (HERE / "soak_tables.sql").read_text(encoding="utf-8"))
            stream.begin(connection)
            self.account = Account(Canon(lambda query: stream.copied(connection, query)))
        self.stream = stream.Stream()
        self.checks = Checks(self.stand, self.account)
        self.judge = Judge(self.account, self.stand)
        self.stand.start_all()

    def race(self):
        race = Race(self.stand, self.seed)
        end = time.monotonic() + self.minutes * 60
        for actor in race.writers * 5:  # something to begin with
            actor.tree()
        while (left := end - time.monotonic()) > 0:
            race.go()
            time.sleep(min(left, ROUND))
            self.pause(race)
        race.end()
        self.figures.update(race.counts())

    def pause(self, race):
        began = time.monotonic()
        for name, seconds in race.pause(TURN).items():
            self.account.find("wrong", f"{name} waits since {seconds:.0f} s")
        for error in race.errors:
            self.account.find("wrong", f"the soak itself failed: {error}")
        race.errors.clear()
        self.alive()
        self.checks.quiet()
        with contextlib.closing(self.stand.connect()) as connection:
            self.enter(connection)
            self.judge.judge(race.answers())
            self.judge.judge_operations(self.checks.operations(connection))
            self.checks.compare(connection)
        race.full = sum(map(len, self.account.live.values())) > FULL
        self.progress(time.monotonic() - began)

    def enter(self, connection):
        for number, changes in self.stream.read(connection):
            self.account.enter(number, changes)

    def alive(self):
        for number, service in enumerate(self.stand.services):
            self.stand.note_end(number, service)
            if service.process.poll() is not None:
                self.stand.start(number)
        for text in self.stand.ended:
            self.account.find("wrong", text)
        self.stand.ended.clear()

    def progress(self, seconds):
        account = self.account
        live = sum(map(len, account.live.values()))
        print(f"{account.counts['transactions']} transactions: {live} rows live, {len(account.trash)} in the trash, "
              f"{len(account.gone)} gone; {len(account.findings)} findings, {seconds:.0f} s", flush=True)
        for kind, text in account.findings[self.told:][:SHOWN]:
            print(f"  {kind}: {text:.2000}", flush=True)
        self.told = len(account.findings)

    def copies(self):
        for form in FORMATS:
            with Copy(self.stand, self.account, form) as copy:
                self.account.findings += copy.run()
            self.figures.update({f"copy {form} {name}": count for name, count in copy.counts.items()})

    def report(self):
        account = self.account
        print("requests and operations:", told(self.judge.counts))
        print("milliseconds, in the middle and at most:", told({
            kind: f"{1000 * statistics.median(each):.0f} {1000 * max(each):.0f}"
            for kind, each in self.judge.seconds.items()}))
        print("refusals:", *(f"\n  {count}  {text}" for text, count in self.judge.details.most_common(40)))
        print("beside:", told(self.figures))
        print("broken on purpose:", told(self.stand.counts), f"{self.stand.starts} starts")
        print("the account:", told(account.counts), f"{self.checks.made} checks")
        return self.verdict(account)

    def verdict(self, account):
        kinds = collections.Counter(kind for kind, _ in account.findings)
        for kind in kinds:
            for text in [text for each, text in account.findings if each == kind][:SHOWN]:
                print(f"{kind.upper()}: {text}")
        if kinds:
            print(f"the database and the logs are in {self.stand.cluster.folder}")
        print(f"seed {self.seed}; {kinds['wrong']} answers or states that nothing explains")
        print(f"soak: {self.minutes:g} minutes, {account.rows_made()} rows accounted for, {kinds['lost']} lost, "
              f"{kinds['doubled']} doubled, {kinds['altered']} altered")
        return 1 if kinds else 0


def told(counter):
    return ", ".join(f"{name}: {count}" for name, count in sorted(counter.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float)
    parser.add_argument("--program", required=True)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    sys.exit(Soak(options).run())


if __name__ == "__main__":
    main()
