"""Prometheus sees the stack: each expression of the rules has data under load, and alerts tell what they are for."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from support.http import ask
from support.needs import need
from support.prometheus import Watched, pretty, promtool, rules
from support.stack import docker_missing
from support.waiting import wait_for

BATCH = b"x,task_type,y\n" + b"1,add,2\n" * 2_000
NEVER_FALL = (
    "durable_tasks_ended_total",
    "durable_attempts_total",
    "durable_waiting_seconds_bucket",
    "durable_waiting_seconds_sum",
    "durable_sweeps_total",
    "durable_publisher_handed_over_total",
    "durable_outcome_seconds_count",
)
JOBS = {"abacus": 1, "web": 4, "haproxy": 1, "mysql": 1, "redis": 1, "prometheus": 1}


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Such a stack with two web containers."""
    need(docker_missing())
    with Watched("abacus-test-monitoring") as running:
        running.up("--scale", "web=2")
        yield running


@pytest.fixture(scope="module")
def loaded(watched: Watched) -> Iterator[Watched]:
    """The same while single tasks and batches come, some of which cannot be computed."""
    stopped = threading.Event()

    def load() -> None:
        while not stopped.is_set():
            ask("POST", f"{watched.url}/api/batches", BATCH, {"Content-Type": "text/csv"}, timeout=60)
            for y in ("1", "0"):
                ask("POST", f"{watched.url}/api/tasks", {"x": "1", "task_type": "divide", "y": y})
            ask("GET", f"{watched.url}/api/tasks?unknown=1")

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    yield watched
    stopped.set()
    thread.join(timeout=60)


def all_up(watched: Watched) -> bool:
    """Whether each job has its targets, and all answer."""
    found = watched.targets()
    return {job: len(states) for job, states in found.items()} == JOBS and {
        state for states in found.values() for state in states
    } == {"up"}


def test_it_finds_every_container_by_itself(watched: Watched) -> None:
    watched.up("--scale", "web=2", "--no-recreate")
    wait_for(partial(all_up, watched), 90, f"all targets are up: {watched.targets()}")
    containers = {sample["metric"]["container"] for sample in watched.query("uwsgi_workers")}
    assert len(containers) == 2
    assert {sample["metric"]["lane"] for sample in watched.query("uwsgi_workers")} == {"fast", "bulk"}


@pytest.mark.parametrize("name", [rule["record"] for rule in rules() if "record" in rule])
def test_each_expression_has_data_under_load(loaded: Watched, name: str) -> None:
    [expression] = [rule["expr"] for rule in rules() if rule.get("record") == name]
    wait_for(lambda: loaded.query(expression), 90, f"{name} has data")
    numbers = loaded.numbers(expression)
    assert all(number == number for number in numbers), pretty(loaded.query(expression))  # none is NaN
    wait_for(lambda: loaded.query(name), 60, f"{name} is recorded")


def test_what_is_told_is_what_the_rows_say(loaded: Watched) -> None:
    def told(name: str) -> float:
        return sum(loaded.numbers(name))

    counted = (
        "SELECT SUM(success) FROM (SELECT success FROM durable_counter UNION ALL SELECT success FROM durable_total) c"
    )
    before = int(loaded.sql(counted)[0][0])
    wait_for(lambda: told('durable_tasks_ended_total{outcome="success"}') >= before, 60, "a scrape has seen them")
    assert told('durable_tasks_ended_total{outcome="success"}') <= int(loaded.sql(counted)[0][0])
    assert told("durable_waiting_seconds_count") > 0
    wait_for(lambda: told("durable_publisher_sent_total") > 0, 60, "the publishers have told")
    assert told('durable_workers{state="consuming"}') == 1
    assert told("durable_slots") == 2


def test_counters_never_fall_while_web_containers_come_and_go(loaded: Watched) -> None:
    loaded.up("--scale", "web=3", "--no-recreate")
    loaded.up("--scale", "web=1", "--no-recreate")
    wait_for(lambda: len(loaded.query('up{job="web"} == 1')) == 2, 90, "the others are forgotten")
    for name in NEVER_FALL:
        fell = loaded.query(f"resets({name}[10m]) > 0")
        assert fell == [], pretty(fell)


def test_a_well_stack_tells_nobody_and_one_without_workers_does(watched: Watched) -> None:
    assert watched.firing() <= {"PartAway"}  # containers came and went
    watched.compose("stop", "celery")
    wait_for(lambda: "NoWorker" in watched.firing(), 180, "somebody is told", every=1)
    watched.compose("start", "celery")
    wait_for(lambda: "NoWorker" not in watched.firing(), 90, "it is over", every=1)


def test_the_exporters_users_may_look_at_figures_and_nothing_else(watched: Watched) -> None:
    show = (
        "MYSQL_PWD=$(cat /run/secrets/mysql_root_password) mysql -uroot -N -B -e \"SHOW GRANTS FOR 'monitoring'@'%'\""
    )
    assert watched.compose("exec", "-T", "mysql", "sh", "-c", show).strip() == "GRANT USAGE ON *.* TO `monitoring`@`%`"
    login = 'REDISCLI_AUTH=$(cat /run/secrets/redis_monitoring_password) redis-cli --user monitoring "$@"'
    for command, refused in (("INFO", False), ("KEYS *", True), ("GET x", True), ("CONFIG GET *", True)):
        said = watched.compose("exec", "-T", "redis", "sh", "-c", login, "sh", *command.split(), check=False)
        assert said.startswith("NOPERM") == refused, (command, said)


def test_it_listens_to_this_machine_alone(watched: Watched) -> None:
    published = watched.compose("port", "prometheus", "9090").strip()
    assert published == f"127.0.0.1:{watched.prometheus_port}"


def test_the_rules_and_their_tests_are_sound() -> None:
    need(docker_missing())
    assert "SUCCESS" in promtool("check", "rules", "/rules/rules.yml")
    assert "SUCCESS" in promtool("test", "rules", "/tests/rules_test.yml")


def test_prometheus_takes_its_configuration(watched: Watched) -> None:
    check = ["exec", "-T", "prometheus", "/bin/promtool", "check", "config", "/etc/prometheus/prometheus.yml"]
    assert "SUCCESS" in watched.compose(*check)
