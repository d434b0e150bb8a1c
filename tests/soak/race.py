"""The threads of the race, which all can be stopped between two of their turns and let go on."""
import collections
import contextlib
import random
import threading
import time
import traceback

from definer import Definer
from pick import Lost
from requesters import Requester
from writers import Writer

REQUESTERS, WRITERS = 6, 3


class Gate:
    """Turns are taken while it is open. Whoever does not end its turn is told by name."""

    def __init__(self):
        self.condition = threading.Condition()
        self.open, self.over = False, False
        self.turning = {}  # name: since when

    @contextlib.contextmanager
    def turn(self, name):
        """Gives whether there is a turn."""
        with self.condition:
            self.condition.wait_for(lambda: self.open or self.over)
            if not self.over:
                self.turning[name] = time.monotonic()
        try:
            yield not self.over
        finally:
            with self.condition:
                self.turning.pop(name, None)
                self.condition.notify_all()

    def shut(self, seconds):
        """Those who still have not ended their turn after so long."""
        with self.condition:
            self.open = False
            self.condition.wait_for(lambda: not self.turning, seconds)
            return {name: time.monotonic() - since for name, since in self.turning.items()}

    def let(self, over=False):
        with self.condition:
            self.open, self.over = not over, over
            self.condition.notify_all()


class Breaker:
    """Kills, crashes, ends and cancels."""

    def __init__(self, _, stand, chance):
        self.stand, self.random = stand, chance
        self.counts = collections.Counter()

    def turn(self):
        time.sleep(self.random.uniform(0.3, 2.5))
        what = self.random.random()
        pause = self.random.random() * 1.5
        try:
            if what < 0.3:
                self.stand.kill(self.random.randrange(self.stand.instances), pause)
            elif what < 0.42:
                self.stand.crash(pause)
            else:
                function = "pg_terminate_backend" if what < 0.75 else "pg_cancel_backend"
                self.stand.end_backend(function, self.random.choice)
        except Lost:
            pass

    def close(self):
        pass


class Race:
    def __init__(self, stand, seed):
        self.gate, self.breaks = Gate(), Gate()
        self.stand, self.errors = stand, []
        self.full = False  # whether there are rows enough
        self.requesters = [Requester(f"r{n}", stand, chance(seed, n)) for n in range(REQUESTERS)]
        self.writers = [Writer(f"w{n}", stand, chance(seed, 100 + n)) for n in range(WRITERS)]
        self.definer = Definer("d", stand, chance(seed, 200))
        self.breaker = Breaker("b", stand, chance(seed, 300))
        gates = [(actor, self.gate) for actor in (*self.requesters, *self.writers, self.definer)]
        self.threads = [threading.Thread(target=self.live, args=pair, daemon=True)
                        for pair in (*gates, (self.breaker, self.breaks))]
        for thread in self.threads:
            thread.start()

    def live(self, actor, gate):
        name = f"{type(actor).__name__} {getattr(actor, 'name', '')}"
        while not gate.over:
            with gate.turn(name) as mine:
                if mine:
                    self.guarded(actor)
        actor.close()

    def guarded(self, actor):
        try:
            actor.full = self.full
            actor.turn()
        except Lost:
            time.sleep(0.05)
        except Exception:  # a fault of the soak's own, told at the next pause
            self.errors.append(traceback.format_exc())
            time.sleep(1)

    def go(self):
        self.stand.pausing = False
        self.gate.let()
        self.breaks.let()

    def pause(self, seconds):
        """Nothing is broken while the turns end. Gives those that do not."""
        self.stand.pausing = True
        stuck = self.breaks.shut(seconds)
        return stuck | self.gate.shut(seconds)

    def end(self):
        self.gate.let(over=True)
        self.breaks.let(over=True)
        for thread in self.threads:
            thread.join(10)

    def answers(self):
        """Those of all clients since the last time."""
        taken = []
        for each in self.requesters:
            each.client.answers, mine = [], each.client.answers
            taken += mine
        return taken

    def counts(self):
        return sum((each.counts for each in (*self.requesters, *self.writers, self.definer)), collections.Counter())


def chance(seed, number):
    return random.Random(f"{seed}/{number}")
