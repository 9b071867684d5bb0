"""One task, one outcome: what two workers, a late one or a lost answer could do to it, on real connections."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from checker import next_id, rows, settle
from images import appended, derived, lone_worker, workers
from test_patience import upload
from test_recovery import created, insert, until_ended
from verbs import HELD, docker, kill_child, last

from support.http import ask, task
from support.stack import IMAGE, Stack
from support.waiting import wait_for

# Counts in Redis how often each task was performed, and notes those that were performed twice at once.
WITNESS = """
def witnessed(row, perform=MathTask.perform):
    import time
    from django.core.cache import cache
    for name in ("tried", "now", "doubled"):
        cache.add(f"witness:{name}:{row.id}", 0, None)
    cache.incr(f"witness:tried:{row.id}")
    if cache.incr(f"witness:now:{row.id}") > 1:
        cache.incr(f"witness:doubled:{row.id}")
    time.sleep(0.005)
    result = perform(row)
    cache.decr(f"witness:now:{row.id}")
    return result

MathTask.perform = staticmethod(witnessed)
"""
SEND = "from durable.tasks import send\nfor ids in {}: send('mathtask', 0, ids)"


def shell(stack: Stack, code: str) -> str:
    """What the code prints in a web container."""
    return stack.compose("exec", "-T", "web", "python", "web/manage.py", "shell", "-v", "0", "-c", code)


def send(stack: Stack, *messages: list[int]) -> None:
    """Messages of these ids."""
    shell(stack, SEND.format(messages))


def inserted(stack: Stack, **counts: int) -> list[int]:
    """The ids of new rows without a message: so many of each operation, in turn."""
    first = next_id(stack)
    for operation, count in counts.items():
        insert(stack, count, operation.rstrip("_"))
    return [int(row[0]) for row in stack.sql(f"SELECT id FROM math_task WHERE id >= {first} ORDER BY id")]


def witnessed(stack: Stack, name: str, ids: list[int]) -> list[int]:
    """What the witness has counted for each id."""
    keys = f"[f'witness:{name}:{{id}}' for id in {ids}]"
    code = f"import json; from django.core.cache import cache; print(json.dumps([cache.get(key) for key in {keys}]))"
    found: list[int] = json.loads(shell(stack, code))
    return found


def runs(containers: list[str], since: str) -> list[dict[str, str]]:
    """The lines that workers log of each message."""
    command = ["docker", "logs", "--since", since]
    logs = [subprocess.run([*command, name], capture_output=True, text=True) for name in containers]
    lines = [line for log in logs for line in (log.stdout + log.stderr).splitlines() if " ran kind=" in line]
    return [dict(part.split("=", 1) for part in line.split(" ran ", 1)[1].split()) for line in lines]


def claim_of(stack: Stack, identity: int) -> str:
    """The process that holds the task, if one does."""
    held = stack.sql(f"{HELD} AND first <= {identity} AND last >= {identity}")
    return held[0][0] if held else ""


def clock() -> str:
    """Now, as `docker logs` takes it."""
    return subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout.strip()


def test_of_messages_for_the_same_and_for_overlapping_tasks_none_is_performed_twice_at_once(faulty: Stack) -> None:
    started = clock()
    with workers(faulty, 2, APP_IMAGE=derived("witness", appended("arithmetic/models.py", WITNESS))) as containers:
        ids = inserted(faulty, add=800)
        # each forty whole, again, and from the middle on with a part of the next
        ends = [end for at in range(40, 800, 40) for end in (at, at, at + 20)] + [800]
        send(faulty, *(ids[end - 40 : end] for end in ends))
        settle(faulty, ids[0], 60)
        ran = runs(containers, started)
        doubled, tried = (witnessed(faulty, name, ids) for name in ("doubled", "tried"))
    yielded = [line for line in ran if 0 < int(line["claimed"]) < int(line["ids"])]
    print(f"\n{len(ran)} messages for {len(ids)} tasks, {len(yielded)} of them yielded a part of theirs")
    assert yielded
    assert not any(doubled)
    assert tried == [1] * len(ids)
    assert {(row[0], row[2]) for row in rows(faulty, ids[0]).values()} == {("success", 1)}


def test_a_second_message_for_a_slow_task_does_not_run_it_a_second_time(faulty: Stack) -> None:
    image = derived("witness", appended("arithmetic/models.py", WITNESS))
    with workers(faulty, 2, APP_IMAGE=image, TASK_SECONDS="3"):
        (identity,) = created(faulty, 1)
        wait_for(partial(claim_of, faulty, identity), 10, "it is at work", every=0.02)
        send(faulty, *[[identity]] * 3)
        until_ended(faulty, [identity], 20)
        last(4)  # a second run would end by now
        assert witnessed(faulty, "tried", [identity]) == [1]
    assert faulty.sql(f"SELECT attempts, round FROM math_task WHERE id = {identity}") == [["1", "0"]]


def test_what_a_frozen_worker_finds_out_after_its_claim_was_released_is_dropped(faulty: Stack) -> None:
    with workers(faulty, 2, TASK_SECONDS="9") as containers:
        started, (identity,) = clock(), created(faulty, 1)
        old = wait_for(partial(claim_of, faulty, identity), 10, "it is at work", every=0.02)
        (victim,) = [c for c in containers if docker("inspect", "-f", "{{.Config.Hostname}}", c) in old]
        docker("pause", victim)
        try:
            new = wait_for(lambda: claim_of(faulty, identity).replace(old, ""), 40, "another has it", every=0.02)
        finally:
            docker("unpause", victim)
        # its nine seconds are over long ago, the other's are not
        wait_for(lambda: runs([victim], started), 5, "it has come to its end")
        assert task(faulty.url, identity)["status"] == "pending"
        (late,) = runs([victim], started)
        assert (late["ids"], late["claimed"]) == ("1", "1")  # it had claimed it, and performed it
        until_ended(faulty, [identity], 20)
    ended = task(faulty.url, identity)
    assert (ended["worker"], ended["attempts"]) == (new, 2)


def test_the_outcome_of_a_run_that_was_cancelled_and_retried_is_dropped_and_the_new_ones_is_kept(faulty: Stack) -> None:
    with workers(faulty, 2, TASK_SECONDS="8"):
        (identity,) = created(faulty, 1)
        old = wait_for(partial(claim_of, faulty, identity), 10, "it is at work", every=0.02)
        last(1.5)
        for action in ("cancel", "retry"):
            assert ask("POST", f"{faulty.url}/api/tasks/{identity}/{action}").status == 200
        both = f"{HELD} AND first <= {identity} AND last >= {identity} AND worker <> '{old}'"
        wait_for(lambda: faulty.sql(both), 5, "another is at work on it, too", every=0.02)
        ended = f"SELECT COUNT(*) FROM durable_claim WHERE worker = '{old}' AND ids IS NULL"
        wait_for(lambda: faulty.sql(ended) == [["1"]], 10, "the old run comes to its end", every=0.02)
        assert task(faulty.url, identity)["status"] == "pending"
        until_ended(faulty, [identity], 20)
    found = faulty.sql(f"SELECT attempts, round, worker = '{old}' FROM math_task WHERE id = {identity}")
    assert found == [["1", "1", "0"]]


@contextmanager
def cutter(stack: Stack, when: str, *phrases: str) -> Iterator[str]:
    """A MySQL under the name `cutter` that loses the answers to these; its container."""
    name = f"{stack.project}-cutter"
    code = Path(__file__).with_name("cutter.py").read_text()
    network = ("--network", f"{stack.project}_data", "--network-alias", "cutter")
    arguments = ("-c", code, when, "mysql", "3306", *phrases)
    docker("run", "-d", "--name", name, *network, "--entrypoint", "python", IMAGE, *arguments)
    try:
        yield name
    finally:
        docker("rm", "-f", name)


def cuts(proxy: str) -> set[str]:
    """To which statements it has lost the answer."""
    return {line.removeprefix("cut ") for line in docker("logs", proxy).splitlines()}


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("when", ["executed", "sent"])
def test_a_lost_answer_to_the_claim_or_to_the_outcome_costs_no_second_run(faulty: Stack, when: str, count: int) -> None:
    claim, outcome = "UPDATE durable_claim SET `seq`", "UPDATE durable_claim SET ids = NULL"
    started, first = clock(), next_id(faulty)
    with cutter(faulty, when, claim, outcome) as proxy, lone_worker(faulty, MYSQL_HOST="cutter") as worker:
        wait_for(lambda: "ready." in log_of(worker), 30, "the worker is ready")
        if count == 1:
            created(faulty, 1)
        else:
            upload(faulty, count)
        settle(faulty, first, 30)
        wait_for(lambda: not faulty.sql(HELD), 5, "nothing is held")
        wait_for(lambda: {claim, outcome} <= cuts(proxy), 10, "both answers are lost", every=0.5)
        wait_for(lambda: runs([worker], started), 5, "the worker tells of it")
        ran = runs([worker], started)
    assert [(line["ids"], line["claimed"]) for line in ran] == [(str(count), str(count))]
    ended = f"SELECT status, COUNT(*), MAX(attempts), MAX(round) FROM math_task WHERE id >= {first} GROUP BY 1"
    assert faulty.sql(ended) == [["success", str(count), "1", "0"]]


def log_of(container: str) -> str:
    """All that it said."""
    result = subprocess.run(["docker", "logs", container], capture_output=True, text=True)
    return result.stdout + result.stderr


def test_of_a_message_of_500_whose_process_dies_each_task_comes_back_alone_and_ends_well(faulty: Stack) -> None:
    started = clock()
    with workers(faulty, 1, TASK_SECONDS="0.016", TASKS_PER_MESSAGE="500") as containers:
        ids = inserted(faulty, add=500)
        first = ids[0]
        send(faulty, ids)
        done = f"SELECT COUNT(*) FROM math_task WHERE id >= {first} AND status = 'success'"
        wait_for(lambda: int(faulty.sql(done)[0][0]) > 50, 20, "some of it is written", every=0.02)
        kill_child(faulty, containers[0])
        before = {identity: row for identity, row in rows(faulty, first).items() if row[0] == "success"}
        settle(faulty, first, 60)
        alone = [line for line in runs(containers, started) if line["ids"] == "1"]
    after = rows(faulty, first)
    attempts = sorted(row[2] for row in after.values())
    print(f"\nof 500, {len(before)} were written when the process died; {attempts.count(2)} came back alone")
    assert {row[0] for row in after.values()} == {"success"}
    assert 50 < len(before) < 450
    assert {identity: after[identity] for identity in before} == before  # none is written twice
    assert attempts == [1] * len(before) + [2] * (500 - len(before))
    assert len(alone) == 500 - len(before)
