"""docker compose up -d, as its user meets it."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import partial

from support.embedded import free_port
from support.http import Answer, ask, create, finished, task
from support.stack import Stack
from support.waiting import wait_for


def contains(log: Callable[[], str], text: str) -> bool:
    """Whether the log has the text by now."""
    return text in log()


def answered(url: str) -> Answer | None:
    """The answer, once there is one."""
    try:
        return ask("GET", url)
    except OSError:
        return None


def served_by(stack: Stack, requests: int = 40) -> Counter[str]:
    """Which web containers answered."""
    return Counter(ask("GET", f"{stack.url}/live").headers["x-served-by"] for _ in range(requests))


def test_everything_turns_healthy_with_nothing_edited(stack: Stack) -> None:
    stack.wait_healthy("redis", "mysql", "web", "celery", "haproxy")


def test_a_task_is_computed_and_its_result_is_in_mysql(stack: Stack) -> None:
    identity = create(stack.url, "0.1", "add", "0.2")
    ended = wait_for(lambda: finished(stack.url, identity), 20, "the task ends")
    assert (ended["status"], ended["result"]) == ("success", "0.3")
    assert stack.sql(f"SELECT status, result FROM math_task WHERE id = {identity}") == [["success", "0.3"]]


def test_a_task_goes_through_its_states(stack: Stack) -> None:
    identity = create(stack.url, "1", "divide", "0")
    ended = wait_for(lambda: finished(stack.url, identity), 20, "the task ends")
    assert ended["status"] == "failed"
    assert ended["error"] == "Division by zero has no result."
    assert ended["create_time"] <= ended["start_time"] <= ended["update_time"]


def test_requests_spread_over_all_web_containers_and_leave_those_that_go(stack: Stack) -> None:
    try:
        stack.up("--scale", "web=4", "--scale", "celery=2")
        assert len(stack.containers("web")) == 4
        stack.wait_healthy("web")
        wait_for(lambda: len(served_by(stack)) == 4, 5, "HAProxy uses all four")
        stack.up("--scale", "web=1", "--scale", "celery=1")
        wait_for(lambda: len(served_by(stack)) == 1, 5, "HAProxy uses the one that is left")
    finally:
        stack.up("--scale", "web=1", "--scale", "celery=1")


def test_without_a_web_container_a_person_reads_a_page_and_a_program_json(stack: Stack) -> None:
    port = free_port()
    options = ("-e", "WEB_ADDRESS=nowhere:8000", "-p", f"127.0.0.1:{port}:8080")
    container = stack.compose("run", "-d", "--no-deps", *options, "haproxy").strip()
    try:
        page = wait_for(partial(answered, f"http://127.0.0.1:{port}/"), 20, "HAProxy answers")
        api = ask("GET", f"http://127.0.0.1:{port}/api/tasks")
    finally:
        subprocess.run(["docker", "rm", "-f", container], capture_output=True, check=True)
    assert (page.status, page.headers["content-type"], page.headers["retry-after"]) == (503, "text/html", "5")
    assert b"tries again every five seconds" in page.body
    assert (api.status, api.headers["content-type"], api.headers["retry-after"]) == (503, "application/json", "5")
    assert api.json()["error"].startswith("No web server is free")


def test_two_workers_share_the_work(stack: Stack) -> None:
    try:
        stack.up("--scale", "celery=2", "--no-recreate")
        seen: set[str] = set()

        def both_seen() -> bool:
            identity = create(stack.url, "1", "add", "1")
            ended = wait_for(lambda: finished(stack.url, identity), 20, "the task ends")
            seen.add(ended["worker"].rpartition("/")[0])
            return len(seen) == 2

        wait_for(both_seen, 60, "both workers have run tasks", every=0.02)
    finally:
        stack.up("--scale", "celery=1")


def test_data_survives_down_and_up(stack: Stack) -> None:
    identity = create(stack.url, "2", "multiply", "3")
    wait_for(lambda: finished(stack.url, identity), 20, "the task ends")
    stack.compose("down")
    assert not stack.containers("mysql")
    stack.up()
    assert task(stack.url, identity)["result"] == "6"


def test_a_large_body_is_refused_with_a_sentence(stack: Stack) -> None:
    answer = ask("POST", f"{stack.url}/api/tasks", b"x" * (11 * 2**20), {"Content-Type": "application/json"})
    assert answer.status == 413
    assert answer.json()["error"].endswith(".")


def test_connections_queue_up_rather_than_being_dropped(stack: Stack) -> None:
    found = re.search(r"listen backlog is limited to (\d+) connections", stack.compose("logs", "web"))
    assert found, "uWSGI says at its start how many connections may wait"
    assert int(found[1]) >= 128


def test_the_request_id_is_in_the_answer_the_web_log_and_the_workers_log(stack: Stack) -> None:
    answer = ask("POST", f"{stack.url}/api/tasks", {"x": "1", "task_type": "add", "y": "1"}, {"X-Request-ID": "mine"})
    identity = answer.headers["x-request-id"]
    assert identity != "mine"  # a client cannot choose it
    for service in ("haproxy", "web", "celery"):
        log = partial(stack.compose, "logs", "--no-color", "--tail", "200", service)
        wait_for(partial(contains, log, identity), 20, f"the id is in the log of {service}")


def test_it_answers_to_the_name_of_its_machine_and_to_no_strangers(stack: Stack) -> None:
    command = ["docker", "info", "--format", "{{.Name}}"]
    machine = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert ask("GET", f"{stack.url}/", headers={"Host": machine}).status == 200
    assert ask("GET", f"{stack.url}/", headers={"Host": f"{machine}.evil.example"}).status == 400


def test_what_guards_it_is_set_by_one_variable(stack: Stack) -> None:
    try:
        stack.up(ACCESS="login")
        assert ask("GET", f"{stack.url}/health").json()["access"] == "login"
        assert ask("GET", f"{stack.url}/api/tasks").status == 401
        assert ask("GET", f"{stack.url}/").headers["location"] == "/login?next=%2F"
        secret = stack.compose("exec", "-T", "web", "./run.sh", "token", "make", "ci").strip()
        headers = {"Authorization": f"Bearer {secret}"}
        made = ask("POST", f"{stack.url}/api/tasks", {"x": "1", "task_type": "add", "y": "1"}, headers)
        assert (made.status, made.json()["created_by"]) == (201, "token:ci")
        stack.compose("exec", "-T", "web", "./run.sh", "token", "revoke", "ci")
        assert ask("GET", f"{stack.url}/api/tasks", headers=headers).status == 401
    finally:
        stack.up()
    assert "anybody who reaches the port may" in stack.compose("logs", "--no-color", "web")


def test_metrics_are_not_for_the_outside(stack: Stack) -> None:
    assert ask("GET", f"{stack.url}/metrics").status == 404
