"""./run.sh rollout with an engine that forgets an image once no name means it, as containerd's image store does."""

import os
import subprocess
from pathlib import Path

import pytest

from support.stack import ROOT

# Images are files that hold an id, named by their tags. What no file holds is gone.
ENGINE = """#!/usr/bin/env bash
cd "$IMAGES" || exit 1
file() { case ${1##*/} in *:*) ;; *) set -- "$1:latest" ;; esac; printf '%s' "${1//\\//+}"; }
case "$*" in
  'compose build'*) [ "$FAILS" != build ] || exit 1; echo new >"$(file "$APP_IMAGE")"; echo "$*" >log ;;
  'compose run'*migrate) [ "$FAILS" != migrate ] ;;
  'compose run'* | 'compose ps'*) ;;
  'compose config --images secrets') echo "$APP_IMAGE" ;;
  'image inspect '*) cat "$(file "${@: -1}")" ;;
  'tag '*) [ -e "$(file "$2")" ] || { echo "No such image: $2" >&2; exit 1; }; cp "$(file "$2")" "$(file "$3")" ;;
  *) echo "unexpected: docker $*" >&2; exit 1 ;;
esac
"""


class Rollout:
    """A machine whose one image is `old`."""

    def __init__(self, folder: Path, image: str) -> None:
        self.folder, self.image = folder, image
        (folder / "bin").mkdir()
        (folder / "images").mkdir()
        docker = folder / "bin" / "docker"
        docker.write_text(ENGINE)
        docker.chmod(0o755)

    def has(self, image: str) -> str:
        """What the name means; empty if nothing."""
        tagged = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
        path = self.folder / "images" / tagged.replace("/", "+")
        return path.read_text().strip() if path.exists() else ""

    def name(self, image: str, value: str) -> None:
        """Have it mean something."""
        tagged = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
        (self.folder / "images" / tagged.replace("/", "+")).write_text(f"{value}\n")

    def run(self, *arguments: str, fails: str = "") -> subprocess.CompletedProcess[str]:
        """./run.sh rollout."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        env = {"PATH": path, "IMAGES": str(self.folder / "images"), "APP_IMAGE": self.image, "FAILS": fails}
        return subprocess.run([ROOT / "run.sh", "rollout", *arguments], env=env, capture_output=True, text=True)


NAMES = [
    ("abacus", "abacus:previous"),
    ("abacus:1.4", "abacus:previous"),
    ("registry.example:5000/team/abacus:1.4", "registry.example:5000/team/abacus:previous"),
]


@pytest.fixture(params=NAMES, ids=[name for name, _ in NAMES])
def names(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The image's name, and that of the one before it."""
    pair: tuple[str, str] = request.param
    return pair


def test_after_a_rollout_the_image_before_it_has_a_name(tmp_path: Path, names: tuple[str, str]) -> None:
    image, previous = names
    rollout = Rollout(tmp_path, image)
    rollout.name(image, "old")
    result = rollout.run()
    assert result.returncode == 0, result.stderr
    assert (rollout.has(image), rollout.has(previous)) == ("new", "old")


@pytest.mark.parametrize("fails", ["build", "migrate"])
def test_after_a_failure_the_name_means_the_old_image_again(tmp_path: Path, names: tuple[str, str], fails: str) -> None:
    image, _ = names
    rollout = Rollout(tmp_path, image)
    rollout.name(image, "old")
    result = rollout.run(fails=fails)
    assert result.returncode == 1
    assert "stopped: what failed has replaced nothing" in result.stderr
    assert rollout.has(image) == "old"


def test_what_an_earlier_rollout_kept_is_not_taken_for_what_was_there(tmp_path: Path) -> None:
    rollout = Rollout(tmp_path, "abacus")
    rollout.name("abacus:previous", "older")
    assert rollout.run(fails="migrate").returncode == 1
    assert (rollout.has("abacus"), rollout.has("abacus:previous")) == ("new", "older")


def test_without_a_build_no_name_changes(tmp_path: Path) -> None:
    rollout = Rollout(tmp_path, "abacus")
    rollout.name("abacus", "pulled")
    assert rollout.run("--no-build", fails="migrate").returncode == 1
    assert (rollout.has("abacus"), rollout.has("abacus:previous")) == ("pulled", "")


def test_the_build_takes_newer_base_images_where_that_is_asked_for(tmp_path: Path) -> None:
    rollout = Rollout(tmp_path, "abacus")
    assert rollout.run("--pull").returncode == 0
    assert "--pull" in (tmp_path / "images" / "log").read_text()


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    result = Rollout(tmp_path, "abacus").run("--pul")
    assert (result.returncode, result.stderr) == (
        2,
        "abacus: no such option: --pul (--pull and --no-build are known)\n",
    )
