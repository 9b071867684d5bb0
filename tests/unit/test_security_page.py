"""SECURITY.md names settings and files; each of them exists."""

import re

import pytest

from support.stack import ROOT

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
SETTINGS = sorted(set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", PAGE)) - {"NAME_FILE"})
MANUALS = [ROOT / ".env.example", ROOT / "flask-rabbitmq" / "README.md"]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#]+)", PAGE))))
def test_a_file_that_the_page_links_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_the_page_names_is_in_a_manual(name: str) -> None:
    assert any(name in manual.read_text(encoding="utf-8") for manual in MANUALS)
