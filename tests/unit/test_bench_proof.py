"""The proof: what goes wrong follows from the seed alone, and what was away explains a failed request or does not."""

import random
from dataclasses import replace

import pytest
from verbs import VERBS

from bench.proof.nemesis import PARTS, Fault, Round, draw
from bench.proof.verdict import away

MANY = 300


def rounds(seed: int) -> list[Round]:
    """What is drawn from it."""
    dice = random.Random(seed)
    return [draw(dice) for _ in range(MANY)]


def test_a_seed_tells_what_goes_wrong() -> None:
    assert rounds(1) == rounds(1) != rounds(2)


def test_each_part_meets_each_verb_sooner_or_later() -> None:
    met = {(fault.part, fault.verb) for each in rounds(3) for fault in each.faults}
    assert met >= {(part, verb) for part in PARTS for verb in VERBS}
    assert met >= {("celery", "child"), ("redis", "wipe"), ("web", "scale"), ("celery", "scale")}
    assert ("web and celery", "rollout") in met


def test_one_to_three_parts_are_hit_at_once() -> None:
    assert {len(each.faults) for each in rounds(4)} == {1, 2, 3}
    assert all(len(each.parts) == len(each.faults) for each in rounds(4))


@pytest.mark.parametrize(
    ("at", "took", "what"),
    [
        (95, 1, "nothing"),
        (98, 3, "MySQL"),
        (105, 1, "MySQL"),
        (111, 1, "MySQL"),
        (113, 1, "MySQL, which had just come back"),
        (115, 1, "nothing"),
    ],
    ids=["before", "into it", "while it lasts", "until it is well", "just after it", "later"],
)
def test_a_request_is_told_with_what_was_away(at: float, took: float, what: str) -> None:
    hit = Round(0, [Fault("stop", "mysql"), Fault("kill", "web")], began=100, over=110, well=112)
    assert away([hit], at, took) == what
    both = replace(hit, faults=[*hit.faults, Fault("kill", "haproxy")])
    assert away([both], 105, 1) == "MySQL and HAProxy"
    web = replace(hit, faults=[Fault("kill", "web"), Fault("wipe", "redis")])
    assert away([web], 105, 1) == "neither, but redis, web"
