"""The names that the site answers to, and those that a stranger's DNS could make lead here."""

from pathlib import Path

import pytest
from commands import python
from django.test import Client
from pytest_django import Settings
from sentences import sentence

from durable.http.hosts import answers_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_static")]
LOCAL = ["localhost", "localhost:8000", "LOCALHOST.", "abacus.localhost", "127.0.0.1:8000", "127.8.8.8", "[::1]:8000"]
ADDRESSES = ["10.0.0.5", "192.168.1.7:8080", "[fd00::5]:80", "203.0.113.9"]
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.nip.example",
    "evillocalhost",
    "0x7f.1",
    "2130706433",
    "127.1",
    "box",
]
NO_NAMES = ["", ":8000", "a b", "evil.example@localhost", "localhost/x", "[evil]"]


@pytest.fixture(params=[True, False], ids=["run.sh", "containers"])
def embedded(request: pytest.FixtureRequest, settings: Settings) -> bool:
    """Both ways to run."""
    value: bool = request.param
    settings.EMBEDDED = value
    return value


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("host", LOCAL)
def test_it_answers_to_this_machine_by_its_local_names(client: Client, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ADDRESSES)
def test_containers_answer_to_an_address_and_run_sh_does_not(client: Client, embedded: bool, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == (400 if embedded else 200)


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("host", [*FOREIGN, *NO_NAMES])
def test_another_name_is_refused_with_a_sentence(client: Client, host: str) -> None:
    response = client.get("/", headers={"Host": host})
    assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "DJANGO_ALLOWED_HOSTS" in response.content.decode()
    answer = client.post("/api/tasks", "{}", "application/json", headers={"Host": host})
    assert answer.status_code == 400
    assert "DJANGO_ALLOWED_HOSTS" in sentence(answer)


@pytest.mark.usefixtures("embedded")
def test_more_names_are_added(settings: Settings) -> None:
    settings.HOSTS = [*settings.HOSTS, "abacus.example.org", ".example.net", "10.0.0.5"]
    for name in ("localhost", "abacus.example.org", "example.net", "www.example.net", "10.0.0.5"):
        assert answers_to(name)
    assert not answers_to("example.org")
    settings.HOSTS = ["*"]
    assert answers_to("evil.example")


def test_a_projects_own_list_is_honoured(client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]
    assert client.get("/", headers={"Host": "shop.example"}).status_code == 200
    assert client.get("/", headers={"Host": "localhost"}).status_code == 400


@pytest.mark.parametrize(
    ("written", "names"),
    [("Box\n", ["box", "box.local"]), ("box.example.org", ["box", "box.example.org", "box.local"]), ("", [])],
)
def test_containers_answer_to_the_name_of_their_machine(tmp_path: Path, written: str, names: list[str]) -> None:
    (tmp_path / "name").write_text(written)
    script = "import config.settings as s; print(*s.HOSTS)"
    env = {"MACHINE_NAME_FILE": str(tmp_path / "name"), "DJANGO_ALLOWED_HOSTS": "shop.example"}
    result = python("-c", script, data=tmp_path, **env)
    assert result.stdout.split() == [".localhost", *names, "shop.example"], result.stderr


def test_without_that_name_it_starts_all_the_same(tmp_path: Path) -> None:
    result = python("-c", "import config.settings", data=tmp_path, MACHINE_NAME_FILE=str(tmp_path / "nothing"))
    assert result.returncode == 0, result.stderr
