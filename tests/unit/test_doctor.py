"""./run.sh doctor on machines that lack something: the commands that it asks are replaced on PATH."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.embedded import free_port
from support.stack import ROOT

FLAGS = "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3"
# What a sound machine answers, by command and arguments as bash's `case` matches them.
SOUND = {
    "docker": {
        "--version": "Docker version 28.5.2",
        "version *": "28.5.2",
        "compose version *": "v2.40.3-desktop.1",
        "buildx version": "github.com/docker/buildx v0.17.1 257815a",
        "info *": "linux|4147802112|/nowhere|[name=seccomp,profile=builtin name=cgroupns]",
        "compose ps *": "",
        "compose config *": "",
        "image inspect *": "2026-11-20T08:00:00Z",
    },
    "uname": {"-s": "Linux", "-m": "x86_64"},
    "getconf": {"GNU_LIBC_VERSION": "glibc 2.36", "PAGESIZE": "4096", "_PHYS_PAGES": "1000000"},
    "lscpu": {"": f"Flags: {FLAGS}"},
    "timedatectl": {"*": "yes"},
    "df": {"*": "/dev/vda1 100000000 1 50000000 1% /"},
    "findmnt": {"*": "rw,relatime"},
    "sysctl": {"*": "1024"},
}


class Machine:
    """A checkout on a machine of our making."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.answers = folder, {name: dict(table) for name, table in SOUND.items()}
        for path in [ROOT / "doctor.sh", ROOT / "run.sh", *ROOT.glob("docker-compose*.yaml")]:
            shutil.copy(path, folder)
        (folder / "bin").mkdir()
        self.env = {"HTTP_PORT": str(free_port())}

    def write(self) -> None:
        """The commands. What they are not asked for in the table fails, as a missing thing does."""
        for name, table in self.answers.items():
            cases = "".join(
                f"  {pattern.replace(' ', chr(92) + ' ') or chr(39) * 2}) printf '%s\\n' {text!r} ;;\n"
                for pattern, text in table.items()
            )
            path = self.folder / "bin" / name
            path.write_text(f'#!/bin/bash\ncase "$*" in\n{cases}  *) exit 1 ;;\nesac\n')
            path.chmod(0o755)

    def run(self, *way: str) -> tuple[int, list[str]]:
        """The exit status and the lines of ./run.sh doctor."""
        self.write()
        env = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder), **self.env}
        command = [str(self.folder / "run.sh"), "doctor", *way]
        result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert result.stderr == ""
        return result.returncode, result.stdout.splitlines()

    def stopped(self, *way: str) -> str:
        """The one line that says what stops the start."""
        status, said = self.run(*way)
        stops = [line for line in said if line.startswith("STOP")]
        assert status == 1, said
        assert stops[-1].endswith("would not start, for what is said above.")
        (reason,) = stops[:-1]
        return reason


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One on which all is well."""
    return Machine(tmp_path)


@pytest.fixture
def taken(machine: Machine) -> Iterator[None]:
    """Somebody listens at its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", int(machine.env["HTTP_PORT"])))
        listener.listen()
        yield


@pytest.mark.parametrize(("way", "start"), [("docker", "docker compose up -d"), ("embedded", "./run.sh")])
def test_on_a_sound_machine_nothing_stops_a_start(machine: Machine, way: str, start: str) -> None:
    status, said = machine.run(way)
    assert (status, said[-1]) == (0, f"ok    nothing stops: {start}")
    assert [line for line in said if not line.startswith(("ok  ", "look"))] == []


def test_it_looks_at_docker_where_there_is_a_docker_command(machine: Machine) -> None:
    assert machine.run()[1][-1].endswith("docker compose up -d")


@pytest.mark.parametrize(
    ("asked", "answer", "words"),
    [
        ("version *", "24.0.9", "Docker Engine is 24.0.9, and 25.0 or newer is needed"),
        ("compose version *", "2.32.4", "Compose is 2.32.4, and 2.33 or newer is needed"),
        ("compose version *", "5", "Compose is missing"),
        ("buildx version", "github.com/docker/buildx v0.9.1 abc", "buildx is 0.9.1, and 0.17 or newer is needed"),
        ("--version", "podman version 5.4.0", "Podman's"),
        ("info *", "windows|4147802112|C:|[]", "runs windows containers"),
        ("info *", "linux|509607936|/nowhere|[]", "memory: 486 MB, and 900 are the least"),
    ],
)
def test_an_engine_that_does_not_do_is_told_what_to_do(machine: Machine, asked: str, answer: str, words: str) -> None:
    machine.answers["docker"][asked] = answer
    assert words in machine.stopped("docker")


@pytest.mark.parametrize("version", ["25.0.0", "29.1", "100.0.1"])
def test_a_newer_engine_does(machine: Machine, version: str) -> None:
    machine.answers["docker"]["version *"] = version
    assert machine.run("docker")[0] == 0


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("version *", "No Docker Engine answers: start it"),
        ("compose version *", "Compose is missing: install docker-compose-plugin"),
        ("buildx version", "buildx is missing: install docker-buildx-plugin"),
        ("compose config *", "Compose refuses the configuration"),
    ],
)
def test_what_fails_is_told_with_what_to_do(machine: Machine, missing: str, words: str) -> None:
    del machine.answers["docker"][missing]
    assert words in machine.stopped("docker")


def test_a_cpu_that_mysql_does_not_run_on_stops_unless_mysql_is_elsewhere(machine: Machine) -> None:
    machine.answers["lscpu"][""] = "Flags: cx16 lahf_lm popcnt ssse3"
    assert "this one lacks sse4_1 sse4_2: in a virtual machine choose" in machine.stopped("docker")
    (machine.folder / ".env").write_text("MYSQL_HOST=db.example\n")
    assert machine.run("docker")[0] == 0


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("way", ["docker", "embedded"])
def test_a_port_that_another_program_has_stops(machine: Machine, way: str) -> None:
    assert "is taken" in machine.stopped(way)


@pytest.mark.usefixtures("taken")
def test_a_port_that_the_running_stack_has_does_not(machine: Machine) -> None:
    machine.answers["docker"]["compose ps --quiet haproxy"] = "0123456789ab"
    table = machine.answers["docker"]
    machine.answers["docker"] = {"compose ps --quiet haproxy": table.pop("compose ps --quiet haproxy"), **table}
    assert machine.run("docker")[0] == 0


def test_a_file_that_the_containers_cannot_read_stops(machine: Machine) -> None:
    secret = machine.folder / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    (machine.folder / ".env").write_text(f'MYSQL_PASSWORD_FILE="{secret}"\n')
    assert f"chmod 0444 {secret}" in machine.stopped("docker")
    secret.chmod(0o444)
    assert machine.run("docker")[0] == 0
    secret.unlink()
    assert "MYSQL_PASSWORD_FILE names" in machine.stopped("docker")


@pytest.mark.parametrize("options", ["rw,nosuid,relatime", "rw,nodev", "rw,noexec"])
def test_a_rootless_engine_needs_a_high_port_and_a_plain_file_system(machine: Machine, options: str) -> None:
    machine.answers["docker"]["info *"] = "linux|4147802112|/nowhere|[name=seccomp name=rootless]"
    assert machine.run("docker")[0] == 0
    machine.env["HTTP_PORT"] = "81"
    assert "cannot publish port 81: set HTTP_PORT=8080" in machine.stopped("docker")
    machine.env["HTTP_PORT"] = str(free_port())
    machine.answers["findmnt"]["*"] = options
    assert "move the checkout" in machine.stopped("docker")


@pytest.mark.parametrize(
    ("had", "status", "words"),
    [
        ("9.7.3-1.el9", 0, "ok    mysql: 9.7.3, and mysql:9.7 reads its data"),
        ("9.6.0-1.el9", 0, "look  mysql: mysql:9.7 takes over the data of 9.6.0, and there is no way back"),
        ("9.10.1", 1, "STOP  mysql: its data is of 9.10.1, which mysql:9.7 may not read: set MYSQL_IMAGE=mysql:9.10"),
        ("", 0, "look  mysql: whether mysql:9.7 reads its data is not known"),
    ],
)
def test_data_of_a_newer_version_is_told_before_it_is_touched(
    machine: Machine, had: str, status: int, words: str
) -> None:
    table = machine.answers["docker"]
    machine.answers["docker"] = {"compose ps --all --quiet mysql": "0123", "inspect *": f"MYSQL_VERSION={had}", **table}
    found, said = machine.run("docker")
    assert found == status
    assert [line for line in said if line.startswith(words)]


@pytest.mark.parametrize(
    ("command", "asked", "answer", "words"),
    [
        ("getconf", "GNU_LIBC_VERSION", None, "no glibc (Alpine has musl)"),
        ("getconf", "GNU_LIBC_VERSION", "glibc 2.17", "glibc is 2.17, and 2.28 or newer is needed"),
        ("uname", "-m", "riscv64", "nothing to install for riscv64"),
        ("uname", "-s", "MINGW64_NT-10.0", "on Windows use WSL2"),
    ],
)
@pytest.mark.parametrize("way", ["embedded", "machine"])
def test_a_machine_that_nobody_supports_is_told_so(
    machine: Machine, way: str, command: str, asked: str, answer: str | None, words: str
) -> None:
    if answer is None:
        del machine.answers[command][asked]
    else:
        machine.answers[command][asked] = answer
    assert words in machine.stopped(way)


@pytest.mark.parametrize(
    ("command", "asked", "answer"),
    [("uname", "-s", "Darwin"), ("uname", "-m", "aarch64"), ("getconf", "PAGESIZE", "16384")],
)
def test_a_machine_that_nobody_has_tested_is_told_so_and_starts(
    machine: Machine, command: str, asked: str, answer: str
) -> None:
    machine.answers[command][asked] = answer
    status, said = machine.run("machine")
    assert status == 0
    assert [line for line in said if line.startswith("look") and "nobody has tested it" in line]


def test_a_sound_machine_is_not_bothered(machine: Machine) -> None:
    assert machine.run("machine") == (0, [])


def test_run_sh_installs_nothing_where_it_cannot_run(machine: Machine) -> None:
    del machine.answers["getconf"]["GNU_LIBC_VERSION"]
    machine.write()
    env = {"PATH": f"{machine.folder / 'bin'}:{os.environ['PATH']}"}
    result = subprocess.run([machine.folder / "run.sh"], env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "no glibc" in result.stderr
    assert not (machine.folder / ".venv").exists()


def test_an_unknown_way_is_refused(machine: Machine) -> None:
    machine.write()
    result = subprocess.run([ROOT / "doctor.sh", "dokcer"], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (2, "no such way to start: dokcer (docker, embedded)\n")
