"""What goes wrong, and when: drawn from a seed, so that a run can be told and be done again."""

import random
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from verbs import HELD, VERBS, container_of, docker, sweeper

from support.stack import ROOT, Stack
from support.waiting import wait_for

PARTS = ("web", "celery", "clockwork", "redis", "mysql", "haproxy")
LONGEST = 12.0  # seconds that a pause or a cut lasts
CALM = (4.0, 12.0)  # seconds between two rounds
WELL_SECONDS = 120.0
REDIS = 'REDISCLI_AUTH="$(cat /run/secrets/redis_admin_password)" redis-cli --user admin FLUSHALL'


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    verb: str
    part: str
    pick: float = 0.0  # which of several containers: this share of their list
    seconds: float = 0.0

    def __str__(self) -> str:
        lasting = f" {self.seconds:.0f} s" if self.verb in {"pause", "cut"} else ""
        return f"{self.verb} {self.part}{lasting}"


@dataclass
class Round:
    """Faults at one time; when they began, when the last of them was over, when the stack said that it is well."""

    calm: float
    faults: list[Fault]
    began: float = 0.0
    over: float = 0.0
    well: float = 0.0
    troubles: list[str] = field(default_factory=list)

    @property
    def parts(self) -> set[str]:
        """What was hit."""
        return {fault.part for fault in self.faults}


def draw(dice: random.Random) -> Round:
    """The next round: one to three faults, of different parts."""
    if dice.random() < 0.25:
        verb = dice.choice(("scale", "rollout"))
        faults = [Fault(verb, "web and celery" if verb == "rollout" else dice.choice(("web", "celery")), dice.random())]
    else:
        faults = [one(dice, part) for part in dice.sample(PARTS, dice.choice((1, 1, 2, 3)))]
        if {"celery", "clockwork"} <= {fault.part for fault in faults}:  # may be the same container
            faults = [fault for fault in faults if fault.part != "clockwork"]
    return Round(dice.uniform(*CALM), faults)


def one(dice: random.Random, part: str) -> Fault:
    """Something that can be done to the part."""
    verbs = [*VERBS, *({"celery": ["child"], "redis": ["wipe"]}.get(part, []))]
    return Fault(dice.choice(verbs), part, dice.random(), dice.uniform(2.0, LONGEST))


class Nemesis(threading.Thread):
    """Plays rounds against the stack until it is told to stop; what it did is in `rounds`."""

    def __init__(self, stack: Stack, seed: int, say: Callable[[str], None]) -> None:
        super().__init__(name="nemesis")
        self.stack, self.dice, self.say = stack, random.Random(seed), say
        self.rounds: list[Round] = []
        self.stopping = threading.Event()
        self.broken: BaseException | None = None

    def run(self) -> None:
        """Round after round."""
        try:
            while not self.stopping.is_set():
                self.play(draw(self.dice))
        except BaseException as error:  # told by the one who waits for this thread
            self.broken = error

    def stop(self) -> None:
        """After the round that is on."""
        self.stopping.set()
        self.join()
        if self.broken:
            raise self.broken

    def play(self, now: Round) -> None:
        """Calm, then all of its faults at once, then wait until the stack is well."""
        if self.stopping.wait(now.calm):
            return
        now.began = time.time()
        threads = [threading.Thread(target=self.guarded, args=(now, fault)) for fault in now.faults]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        now.over = time.time()
        wait_for(self.stack.healthy, WELL_SECONDS, f"the stack is well after {now.faults}", every=0.1)
        now.well = time.time()
        self.rounds.append(now)
        hit = ", ".join(map(str, now.faults))
        self.say(
            f"round {len(self.rounds)}: {hit}; well {now.well - now.over:.1f} s after it {'; '.join(now.troubles)}"
        )
        self.stack.wait_healthy("web", "celery")

    def guarded(self, now: Round, fault: Fault) -> None:
        """What could not be done is told; another fault may have been in its way."""
        try:
            self.do(fault)
        except Exception as error:
            now.troubles.append(f"{fault} was not done: {error}")

    def do(self, fault: Fault) -> None:
        """One fault."""
        if fault.verb == "rollout":
            self.rollout()
        elif fault.verb == "scale":
            self.scale(fault)
        elif fault.verb == "wipe":
            self.stack.compose("exec", "-T", "redis", "sh", "-c", REDIS)
        elif fault.verb == "child":
            self.kill_a_child()
        else:
            with VERBS[fault.verb](self.victim(fault), fault.seconds):
                pass

    def victim(self, fault: Fault) -> str:
        """One of the part's containers."""
        if fault.part == "clockwork":
            return container_of(self.stack, wait_for(lambda: sweeper(self.stack), 20, "somebody has the lease"))
        found = sorted(self.stack.containers(fault.part))
        return found[int(fault.pick * len(found))]

    def kill_a_child(self) -> None:
        """A pool process at work, wherever it is."""
        name = wait_for(lambda: next((row[0] for row in self.stack.sql(HELD)), ""), 20, "a task is at work", 0.02)
        container = container_of(self.stack, name)
        with suppress(AssertionError):  # it may have ended in the meantime
            docker("exec", container, "sh", "-c", f"kill -KILL {name.rpartition('/')[2]}")

    def scale(self, fault: Fault) -> None:
        """To one to four, and back to two."""
        for count in (1 + int(fault.pick * 4), 2):
            self.stack.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", f"{fault.part}={count}", fault.part)
            self.stack.wait_healthy(fault.part)

    def rollout(self) -> None:
        """./run.sh rollout of the same image."""
        env = {**self.stack.env, "COMPOSE_PROJECT_NAME": self.stack.project}
        command = ["./run.sh", "rollout", "--no-build"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise AssertionError(done.stderr[-300:])
