"""flask-rabbitmq/: docker compose up -d, as its user meets it."""

import json
import socket
import subprocess
import uuid
from functools import partial
from typing import Any

import pytest

from support.flask_stack import SERVICES, FlaskStack, ended, result, running, start, started
from support.http import ask
from support.waiting import wait_for

# Seconds: the longest task (killed after 75), the longest request (5), and a margin.
GRACE = {"worker": 80, "web": 10, "rabbitmq": 30, "haproxy": 10}


def inspect(container: str) -> dict[str, Any]:
    """The engine's description of a container."""
    out = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True).stdout
    description: dict[str, Any] = json.loads(out)[0]
    return description


def inside(container: str, script: str) -> "subprocess.CompletedProcess[str]":
    """A script, run in the container."""
    return subprocess.run(["docker", "exec", container, "bash", "-c", script], capture_output=True, text=True)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def container(flask_stack: FlaskStack, service: str) -> str:
    """The running container of the service."""
    return flask_stack.containers(service)[0]


def test_a_request_is_accepted_and_its_result_comes_from_another_process(flask_stack: FlaskStack) -> None:
    answer = start(flask_stack.url, seconds=0)
    assert answer.status == 202
    assert answer.json()["msg"] == "request received"
    identity = answer.json()["result_id"]
    assert answer.headers["location"] == f"/results/{identity}"
    outcome = wait_for(lambda: ended(flask_stack.url, identity), 10, "the task ends")
    assert (outcome["state"], outcome["result"], outcome["error"]) == ("success", {"slept": 0}, None)


def test_progress_is_seen_while_a_task_runs(flask_stack: FlaskStack) -> None:
    identity = started(flask_stack.url, 2)
    seen: list[dict[str, Any]] = []

    def watched() -> bool:
        seen.append(result(flask_stack.url, identity))
        return bool(seen[-1]["state"] == "success")

    wait_for(watched, 15, "the task ends", every=0.05)
    told = [found["progress"] for found in seen if found["state"] == "running"]
    assert told == sorted(told, key=lambda progress: progress["done"])
    assert [progress for n, progress in enumerate(told) if progress not in told[:n]] == [
        {"done": 0, "total": 2}, {"done": 1, "total": 2}
    ]  # fmt: skip


def test_get_starts_a_task_as_it_always_did(flask_stack: FlaskStack) -> None:
    answer = ask("GET", f"{flask_stack.url}/?seconds=0")
    assert (answer.status, answer.json()["msg"]) == (202, "request received")
    outcome = wait_for(lambda: ended(flask_stack.url, answer.json()["result_id"]), 10, "the task ends")
    assert outcome["result"] == {"slept": 0}


@pytest.mark.parametrize("seconds", ["61", "-1", "1.5", "ten", "", "%D9%A3", "1" * 1000])
def test_seconds_that_make_no_sense_get_a_sentence(flask_stack: FlaskStack, seconds: str) -> None:
    answer = ask("GET", f"{flask_stack.url}/?seconds={seconds}")
    assert answer.status == 422
    assert answer.json()["error"].endswith("give a whole number from 0 to 60.")


@pytest.mark.parametrize("seconds", [61, -1, 1.5, "1", True, None, [1], 10**100])
def test_so_do_fields_that_make_no_sense(flask_stack: FlaskStack, seconds: object) -> None:
    answer = start(flask_stack.url, seconds=seconds)
    assert answer.status == 422
    assert answer.json()["error"].endswith("give a whole number from 0 to 60.")


@pytest.mark.parametrize(
    "path", ["?second=1", "?seconds=1&x=1", "?seconds=1&seconds=2", f"results/{uuid.UUID(int=0)}?x=1"]
)
def test_parameters_that_nobody_knows_are_refused(flask_stack: FlaskStack, path: str) -> None:
    answer = ask("GET", f"{flask_stack.url}/{path}")
    assert answer.status == 422
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize("body", ['{"second": 1}', "[1]", "1", "{", '{"seconds": 1, "x": 1}'])
def test_bodies_that_nobody_understands_are_refused(flask_stack: FlaskStack, body: str) -> None:
    answer = ask("POST", f"{flask_stack.url}/", body, {"Content-Type": "application/json"})
    assert answer.status == 422
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_a_form_of_any_site_could_send_is_no_json(flask_stack: FlaskStack, kind: str) -> None:
    answer = ask("POST", f"{flask_stack.url}/", '{"seconds": 0}', {"Content-Type": kind})
    assert answer.status == 415
    assert answer.json()["error"] == "Send the body as JSON, with Content-Type: application/json."


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_nobody_starts_a_task_by_somebody_elses_browser(
    flask_stack: FlaskStack, method: str, headers: dict[str, str]
) -> None:
    answer = ask(method, f"{flask_stack.url}/", headers=headers)
    assert answer.status == 403
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
def test_the_sites_own_page_and_programs_do(flask_stack: FlaskStack, site: str) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {"Origin": flask_stack.url}
    answer = ask("POST", f"{flask_stack.url}/", {"seconds": 0}, headers)
    assert answer.status == 202


def test_only_the_names_that_are_given_are_answered(flask_stack: FlaskStack) -> None:
    with flask_stack.with_settings("web", ALLOWED_HOSTS="tasks.example"):
        answers = {host: ask("GET", f"{flask_stack.url}/live", headers={"Host": host})
                   for host in ("tasks.example", "tasks.example:8000", "127.0.0.1", "evil.example")}  # fmt: skip
    assert {host: answer.status for host, answer in answers.items()} == {
        "tasks.example": 200, "tasks.example:8000": 200, "127.0.0.1": 200, "evil.example": 400
    }  # fmt: skip
    assert answers["evil.example"].json()["error"].endswith(".")


def test_a_large_body_and_one_of_unknown_length_are_refused(flask_stack: FlaskStack) -> None:
    json_body = {"Content-Type": "application/json"}
    large = ask("POST", f"{flask_stack.url}/", '{"seconds": 0' + " " * 1100 + "}", json_body)
    chunked = ask("POST", f"{flask_stack.url}/", iter([b'{"seconds": 0}']), json_body)
    assert (large.status, chunked.status) == (413, 411)
    assert large.json()["error"].endswith(".")
    assert chunked.json()["error"].endswith(".")


def test_http_2_which_could_pass_by_these_rules_is_not_spoken(flask_stack: FlaskStack) -> None:
    with socket.create_connection(("127.0.0.1", flask_stack.port), timeout=10) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_every_answer_has_a_request_id_that_is_in_the_log(flask_stack: FlaskStack) -> None:
    answer = ask("GET", f"{flask_stack.url}/live", headers={"X-Request-ID": "forged"})
    identity = answer.headers["x-request-id"]
    assert identity == str(uuid.UUID(identity))
    wait_for(lambda: identity in flask_stack.compose("logs", "haproxy"), 10, "HAProxy's line is there")


@pytest.mark.parametrize("path", [f"results/{uuid.UUID(int=0)}", "results/1", "nowhere"])
def test_what_is_unknown_is_404_with_a_sentence(flask_stack: FlaskStack, path: str) -> None:
    answer = ask("GET", f"{flask_stack.url}/{path}")
    assert answer.status == 404
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"].endswith(".")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_no_other_method_starts_a_task(flask_stack: FlaskStack, method: str) -> None:
    assert ask(method, f"{flask_stack.url}/").status == 405


def test_results_and_tasks_survive_a_restart_of_everything(flask_stack: FlaskStack) -> None:
    old = started(flask_stack.url, 0)
    outcome = wait_for(lambda: ended(flask_stack.url, old), 10, "the task ends")
    at_work: str = start(flask_stack.url).json()["result_id"]
    wait_for(lambda: running(flask_stack.url, at_work), 10, "the task runs")
    assert result(flask_stack.url, at_work)["progress"]["total"] == 10  # the default
    others = [started(flask_stack.url, 1) for _ in range(6)]
    flask_stack.compose("restart")
    wait_for(flask_stack.healthy, 60, "everything is healthy again")
    assert result(flask_stack.url, old) == outcome
    for identity in [at_work, *others]:
        found = wait_for(partial(ended, flask_stack.url, identity), 30, "it ends")
        assert found["state"] == "success"


def test_all_queues_are_quorum_queues_and_the_dead_have_their_own(flask_stack: FlaskStack) -> None:
    wait_for(lambda: ended(flask_stack.url, started(flask_stack.url, 0)), 10, "the queues are declared")
    out = flask_stack.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "list_queues", "name", "type", "durable")
    rows = [line.split() for line in out.splitlines()[1:]]
    assert {"tasks", "tasks.dead"} <= {name for name, *_ in rows}
    assert {(kind, durable) for _, kind, durable in rows} == {("quorum", "true")}


def test_no_process_runs_as_root(container: str) -> None:
    command = ["docker", "top", container, "-eo", "uid,pid"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    users = {line.split()[0] for line in out.splitlines()[1:]}
    assert users
    assert "0" not in users


def test_the_container_is_hardened(container: str, service: str) -> None:
    host = inspect(container)["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert 0 < host["Memory"] <= 2**30
    assert 0 < host["PidsLimit"] <= 1000
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert all("size=" in options for options in host.get("Tmpfs", {}).values())
    assert inspect(container)["Config"]["StopTimeout"] >= GRACE[service]


def test_the_root_file_system_cannot_be_written_and_no_capability_is_left(container: str) -> None:
    assert inside(container, "touch /etc/written || touch /usr/written || touch /app/written").returncode
    status = inside(container, "cat /proc/self/status").stdout.splitlines()
    assert {line.split()[1] for line in status if line.startswith(("CapEff", "CapPrm", "CapBnd"))} == {"0" * 16}


def test_only_haproxy_publishes_a_port(container: str, service: str) -> None:
    published = {port for port, bound in inspect(container)["NetworkSettings"]["Ports"].items() if bound}
    assert published == ({"8080/tcp"} if service == "haproxy" else set())


def test_haproxy_reaches_the_web_alone(container: str, service: str) -> None:
    names = {name.rpartition("_")[2] for name in inspect(container)["NetworkSettings"]["Networks"]}
    assert names == {"haproxy": {"edge"}, "web": {"edge", "data"}}.get(service, {"data"})


def test_the_password_is_made_and_seen_only_by_those_who_need_it(flask_stack: FlaskStack) -> None:
    (worker,) = flask_stack.containers("worker")
    password = inside(worker, "cat /run/secrets/rabbitmq_password").stdout
    assert len(password) == 64
    everything = flask_stack.compose("ps", "--all", "--quiet").split()
    told = flask_stack.compose("logs", "--no-color") + json.dumps([inspect(each) for each in everything])
    for service in SERVICES:
        (each,) = flask_stack.containers(service)
        told += subprocess.run(["docker", "top", each, "-eo", "args"], capture_output=True, text=True).stdout
    assert password not in told
    refused = flask_stack.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "authenticate_user", "longtask", "longtask",
                                  check=False)  # fmt: skip
    assert "Success" not in refused
