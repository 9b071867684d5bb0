"""What is left after kills: a steady load, SIGKILLs of its worker and of its servers, and then the count."""

import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from bench.rivals.roster import Rival
from bench.rivals.stand import Stand
from support.waiting import wait_for

CALM = 5.0  # seconds of load before the first kill
WRITTEN = (
    "CREATE TABLE effect (task BIGINT NOT NULL); CREATE TRIGGER written AFTER UPDATE ON work FOR EACH ROW "
    "INSERT INTO effect SELECT NEW.id FROM DUAL WHERE NEW.{success}"
)


@dataclass(frozen=True)
class Plan:
    """How many of what, in how much time, by which seed."""

    seed: int
    kills: int = 20
    outages: int = 5
    seconds: float = 120.0
    rate: float = 50.0

    def moments(self) -> list[tuple[float, str]]:
        """When what is killed: a worker's process, or a server; the same for all who are killed."""
        chance = random.Random(self.seed)
        victims = ["worker"] * self.kills + ["server"] * self.outages
        return sorted((chance.uniform(CALM, self.seconds), victim) for victim in victims)


@dataclass(frozen=True)
class Outcome:
    """What was counted."""

    accepted: int
    refused: int
    lost: int
    gave_up: int | None  # of all, what it tells as failed; None where it keeps no record in the database
    run_twice: int
    effect_twice: int
    ended_after: float | None  # seconds from the last one accepted; None where not all ended
    slowest: float
    median: float


def kill(stand: Stand, name: str, plan: Plan) -> Outcome:
    """One rival under the plan."""
    with stand.working(name, count_starts=True) as rival:
        stand.sql(WRITTEN.format(success=rival.success))
        stand.produce("both", 1)
        with stand.producer("accept", plan.seconds, plan.rate) as load:
            strike(stand, rival, plan)
            assert load.stdout
            told = json.loads(load.stdout.read())
        accepted = {int(identity): when for identity, when in told["accepted"].items()}
        ended = settle(stand, rival, accepted.keys())
        gave_up = int(stand.sql(rival.gave_up)[0][0]) if rival.gave_up else None
        starts = map(int, stand.execute("producer", "sh", "-c", 'cat "$RIVAL_STARTS"').split())
        effects = (int(row[0]) for row in stand.sql("SELECT task FROM effect"))
        refused = sum(told["refused"].values())
        return count(accepted, ended, starts, effects, refused, gave_up)


def count(
    accepted: dict[int, float],
    ended: dict[int, float],
    starts: Iterable[int],
    effects: Iterable[int],
    refused: int,
    gave_up: int | None,
) -> Outcome:
    """Of what was accepted alone: what was refused is nobody's promise."""
    took = [ended[identity] - when for identity, when in accepted.items() if identity in ended]
    last = max((ended[identity] for identity in accepted if identity in ended), default=0.0)
    lost = len(accepted) - len(took)
    return Outcome(
        accepted=len(accepted),
        refused=refused,
        lost=lost,
        gave_up=gave_up,
        run_twice=more_than_once(starts, accepted),
        effect_twice=more_than_once(effects, accepted),
        ended_after=None if lost else max(0.0, last - max(accepted.values(), default=last)),
        slowest=max(took, default=0.0),
        median=statistics.median(took) if took else 0.0,
    )


def more_than_once(happened: Iterable[int], among: Iterable[int]) -> int:
    """How many of them happened more than once."""
    times = Counter(happened)
    return sum(times[identity] > 1 for identity in among)


def strike(stand: Stand, rival: Rival, plan: Plan) -> None:
    """Kill by the plan. What is down at the time is waited for: each kill hits something that runs."""
    chance = random.Random(plan.seed)
    started = time.monotonic()
    for at, victim in plan.moments():
        time.sleep(max(0.0, started + at - time.monotonic()))
        if victim == "worker":
            wait_for(partial(kill_worker, stand, chance), 90, "a process of the worker is killed", every=0.05)
        else:
            server = chance.choice(rival.servers)
            stand.kill_all(stand.containers(server)[0])


def kill_worker(stand: Stand, chance: random.Random) -> bool:
    """One of all processes of the workers' containers, as an out-of-memory killer takes one; False if none runs."""
    running = [(box, pid) for box in sorted(stand.containers("worker")) for pid in stand.processes(box)]
    return bool(running) and stand.kill_one(*chance.choice(running))


def settle(stand: Stand, rival: Rival, accepted: Iterable[int]) -> dict[int, float]:
    """Wait until all have ended, or for longer than it takes to find what a dead worker held; what ended, and when."""
    stand.wait_healthy(*rival.servers)
    waiting, ended, since = set(accepted), dict[int, float](), time.monotonic()
    while waiting - ended.keys() and time.monotonic() < since + rival.quiet:
        time.sleep(0.5)
        found = stand.sql(f"SELECT id, UNIX_TIMESTAMP({rival.ended_at}) FROM work WHERE {rival.success}")
        if len(found) > len(ended):
            ended, since = {int(row[0]): float(row[1]) for row in found}, time.monotonic()
    assert stand.sql(f"SELECT COUNT(*) FROM work WHERE {rival.success} AND result <> x * y") == [["0"]]
    return ended


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """Several runs of one rival as one: sums, and the worst."""
    after = [each.ended_after for each in outcomes]
    told = [each.gave_up for each in outcomes if each.gave_up is not None]
    return Outcome(
        accepted=sum(each.accepted for each in outcomes),
        refused=sum(each.refused for each in outcomes),
        lost=sum(each.lost for each in outcomes),
        gave_up=sum(told) if told else None,
        run_twice=sum(each.run_twice for each in outcomes),
        effect_twice=sum(each.effect_twice for each in outcomes),
        ended_after=None if None in after else max(one for one in after if one is not None),
        slowest=max(each.slowest for each in outcomes),
        median=statistics.median(each.median for each in outcomes),
    )
