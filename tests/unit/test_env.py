from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from durable.env import env_bool, env_int, env_list, env_number, env_secret, env_str


@pytest.mark.parametrize("value", ["", "  ", None])
def test_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv("THING", value)
    assert env_str("THING", "default") == "default"
    assert env_number("THING", 1.5, 0, 2) == 1.5
    assert env_int("THING", 7, 0, 9) == 7
    assert env_bool("THING", True) is True
    assert env_bool("THING") is False
    assert env_list("THING", "a,b") == ["a", "b"]
    assert env_secret("THING") == ""


def test_a_text_is_taken_without_the_blanks_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", " a b \n")
    assert env_str("THING", "default") == "a b"


def test_a_choice_is_one_of_those_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "red")
    assert env_str("THING", "blue", ("red", "blue")) == "red"
    with pytest.raises(ImproperlyConfigured, match=r"^THING is 'red'; set it to one of: green, blue\.$"):
        env_str("THING", "blue", ("green", "blue"))


def test_a_number_may_lie_on_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, number in (("0", 0.0), ("20", 20.0), ("0.25", 0.25), ("2e1", 20.0)):
        monkeypatch.setenv("THING", text)
        assert env_number("THING", 3, 0, 20) == number


@pytest.mark.parametrize("text", ["x", "-0.1", "20.1", "nan", "inf", "-inf", "1,5", "0x10"])
def test_a_bad_number_names_its_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)
    with pytest.raises(ImproperlyConfigured, match=rf"^THING is '{text}'; set it to a number from 0 to 20\.$"):
        env_number("THING", 3, 0, 20)


def test_a_whole_number_may_be_written_with_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "4.0")
    value = env_int("THING", 1, 0, 9)
    assert value == 4
    assert isinstance(value, int)


@pytest.mark.parametrize("text", ["1.5", "0.999"])
def test_a_broken_number_is_not_a_whole_one(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)
    with pytest.raises(ImproperlyConfigured, match=rf"^THING is {text}; set it to a whole number\.$"):
        env_int("THING", 1, 0, 9)


@pytest.mark.parametrize("text", ["ten", "-1", "10", "nan", "inf"])
def test_a_bad_whole_number_names_its_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)
    with pytest.raises(ImproperlyConfigured, match=r"^THING is .*; set it to a number from 0 to 9\.$"):
        env_int("THING", 1, 0, 9)


@pytest.mark.parametrize("text", ["1", "true", "yes", "on", "TRUE", "Yes", "oN"])
def test_yes_has_four_spellings(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)
    assert env_bool("THING") is True


@pytest.mark.parametrize("text", ["0", "false", "no", "off", "FALSE", "No", "oFF"])
def test_no_has_four_spellings(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)
    assert env_bool("THING", True) is False


@pytest.mark.parametrize("text", ["2", "ja", "t", "none"])
def test_anything_else_is_neither_yes_nor_no(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THING", text)
    with pytest.raises(ImproperlyConfigured, match=rf"^THING is '{text}'; set it to 1 or 0\.$"):
        env_bool("THING")


def test_a_list_drops_blanks_and_empty_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", " a, b ,,c,")
    assert env_list("THING") == ["a", "b", "c"]


def test_a_secret_may_stand_in_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "open sesame")
    assert env_secret("THING") == "open sesame"


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("öpen sesame\n", encoding="utf-8")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env_secret("THING") == "öpen sesame"


def test_an_empty_variable_leaves_the_word_to_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sesame")
    monkeypatch.setenv("THING", "")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env_secret("THING") == "sesame"


def test_a_secret_in_both_places_is_an_error_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "sesame")
    monkeypatch.setenv("THING_FILE", "/somewhere")
    with pytest.raises(ImproperlyConfigured, match=r"^Both THING and THING_FILE are set; remove one of them\.$"):
        env_secret("THING")


def test_a_file_that_is_not_there_names_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match=r"^THING_FILE cannot be read: .*nowhere.*\.$"):
        env_secret("THING")


def test_a_folder_in_place_of_the_file_names_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match=r"^THING_FILE cannot be read: .*\.$"):
        env_secret("THING")


def test_a_file_that_is_no_text_names_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match=r"^THING_FILE cannot be read: .*\.$"):
        env_secret("THING")
