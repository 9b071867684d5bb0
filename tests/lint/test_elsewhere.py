"""What would break on other people's machines, as far as files tell."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.needs import need
from support.pins import COMPOSE, DOCKERFILES, named
from support.stack import ROOT, docker_missing

EXACT = re.compile(r"[\w/-]+:v?\d+\.\d+[\w.-]*")
IMAGE = re.compile(r"^\s*(?:image: |FROM )(\S+)", re.MULTILINE)
# macOS has bash 3.2, and these are started there.
SCRIPTS = ["run.sh", "doctor.sh", "rollout.sh", "stack.sh", "stack-secrets.sh", "flask-rabbitmq/run.sh"]
NEWER = re.compile(r"wait -n|mapfile|readarray|declare -[An]|local -n|\$\{\w+(,,|\^\^|@)|&>>|\|&|coproc|EPOCHSECONDS")


def lines(path: Path) -> list[str]:
    """Its lines without comments."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]


def git(*arguments: str) -> str:
    """Its answer; skips where this is no checkout."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: clone the repository to run this test")
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", [*COMPOSE, *DOCKERFILES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_image_floats(path: Path) -> None:
    assert [image for _, image in named(path) if not EXACT.fullmatch(image)] == []
    literal = [image for image in IMAGE.findall(path.read_text(encoding="utf-8")) if not re.match(r"[$*&]", image)]
    assert literal == [], "name it by a variable with a default, so that a mirror or another minor can be set"


def test_one_image_has_one_version_everywhere() -> None:
    known = {image.partition(":")[0]: image for path in [*COMPOSE, *DOCKERFILES] for _, image in named(path)}
    assert set(known) >= {"mysql", "redis", "rabbitmq", "haproxy", "python"}
    tracked = [*COMPOSE, *DOCKERFILES, *(ROOT / "tests").rglob("*.yaml"), *(ROOT / ".github").rglob("*.yml")]
    texts = {path: path.read_text(encoding="utf-8") for path in [*tracked, ROOT / ".env.example"]}
    names = re.compile(rf"(?<!//)\b({'|'.join(known)}):\d[\w.-]*\w")
    found = {(path.name, match[0]) for path, text in texts.items() for match in names.finditer(text)}
    assert found
    assert [pair for pair in found if pair[1] not in known.values()] == []


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_a_device_or_of_the_checkout_is_mounted(path: Path) -> None:
    # The first is refused by rootless engines, the second has the modes that whoever cloned it prefers.
    assert [line for line in lines(path) if re.search(r"(?<![<>])/dev/(?!tcp|urandom)", line)] == []
    assert [line for line in lines(path) if re.search(r"""volumes:.*["' ]\.{1,2}/|^\s*- ["']?\.{1,2}/""", line)] == []


def test_what_stands_for_nothing_given_is_an_empty_file() -> None:
    sources = {source for path in COMPOSE for source in re.findall(r"_FILE:-([^}]+)\}", path.read_text())}
    assert sources == {"./unset"}
    assert (ROOT / "unset").read_bytes() == b""


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_image_may_be_built_from_a_clone_that_is_its_users_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from|--chmod|.* /tmp/)(\S+)", text, re.MULTILINE)
    assert [folder for folder in copied if f"chmod -R a+rX {folder}" not in text] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_starts_on_a_machine_needs_no_newer_bash_than_macos_has(name: str) -> None:
    assert [line for line in lines(ROOT / name) if NEWER.search(line)] == []


def test_a_clone_on_windows_has_the_line_ends_that_linux_needs() -> None:
    names = git("ls-files").split("\n")
    kinds = git("ls-files", "--eol").splitlines()
    assert names
    assert [line for line in kinds if line.startswith(("i/crlf", "i/mixed"))] == []
    for name in ("run.sh", "unset", "haproxy/haproxy.cfg", "requirements/image.txt", ".env.example"):
        assert git("check-attr", "eol", "--", name) == f"{name}: eol: lf\n"


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "flask-rabbitmq/README.md", "bench/README.md"])
def test_the_pages_name_the_versions_that_the_doctor_asks_for(page: str) -> None:
    asked = dict(re.findall(r"(ENGINE|COMPOSE|BUILDX)=([\d.]+)", (ROOT / "doctor.sh").read_text()))
    assert len(asked) == 3
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [version for version in asked.values() if version.removesuffix(".0") not in text] == []


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_takes_actions_by_their_commits_and_says_which_version_that_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert set(workflow) - {True} <= {"name", "permissions", "concurrency", "jobs"}  # YAML takes `on` for a truth
    assert workflow["permissions"]
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_runs_is_sound(path: Path) -> None:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert scripts
    shellcheck = [str(Path(sys.executable).parent / "shellcheck"), "--shell=bash", "-"]
    for script in scripts:
        result = subprocess.run(shellcheck, input=script, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout


def test_the_bot_finds_each_image_where_it_is_named() -> None:
    (manager,) = json.loads((ROOT / ".github" / "renovate.json").read_text())["customManagers"]
    (expression,) = manager["matchStrings"]
    known = re.compile(expression.replace("(?<", "(?P<"))
    paths = [re.compile(pattern.strip("/")) for pattern in manager["managerFilePatterns"]]
    for path in [*COMPOSE, *DOCKERFILES]:
        assert any(pattern.search(str(path.relative_to(ROOT))) for pattern in paths), path
        found = [f"{match['depName']}:{match['currentValue']}" for match in known.finditer(path.read_text())]
        assert found == [image for _, image in named(path)]


@pytest.mark.parametrize("profiles", ["", "x", "x,y"])
@pytest.mark.parametrize(
    ("env", "local"),
    [({}, {"mysql", "redis"}), ({"MYSQL_HOST": "db"}, {"redis"}), ({"REDIS_HOST": "r"}, {"mysql"})],
    ids=["local", "MySQL elsewhere", "Redis elsewhere"],
)
def test_no_profile_of_somebody_elses_removes_a_service(env: dict[str, str], local: set[str], profiles: str) -> None:
    need(docker_missing())
    command = ["docker", "compose", *(f"--profile={name}" for name in profiles.split(",") if name)]
    result = subprocess.run(
        [*command, "config", "--services"],
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "COMPOSE_PROFILES": profiles, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(result.stdout.split()) & {"mysql", "redis"} == local
