"""The Chinese catalogue: complete, compiled, and about sentences that there are."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.utils.translation import override

from arithmetic import words
from arithmetic.batches import BadBatch, read_csv
from arithmetic.models import DIED
from arithmetic.operations import OperationError, apply, canonical
from support.embedded import ROOT

WEB = ROOT / "web"
CATALOGUE = WEB / "arithmetic/locale/zh_Hans/LC_MESSAGES/django.po"
STRINGS = re.compile(r'^(msgid|msgid_plural|msgstr|msgstr\[0\]) ("(?:.*)"(?:\n".*")*)', re.MULTILINE)
PLACES = re.compile(r"\{\w+\}|%\(\w+\)\w")


def entries() -> dict[str, str]:
    """The catalogue's source: English -> Chinese."""
    found, english = dict[str, str](), ""
    for kind, text in STRINGS.findall(CATALOGUE.read_text(encoding="utf-8")):
        value = "".join(ast.literal_eval(line) for line in text.splitlines())
        if kind == "msgid":
            english = value
        elif kind.startswith("msgstr"):
            found[english] = value
    return found


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    flat = {key[0] if isinstance(key, tuple) else key: text for key, text in compiled.items()}
    assert flat == entries(), "run ./run.sh manage compilemessages and commit django.mo"


def test_every_sentence_is_translated() -> None:
    assert "fuzzy" not in CATALOGUE.read_text(encoding="utf-8")
    assert [english for english, chinese in entries().items() if not chinese] == []


def test_what_stands_in_braces_stays() -> None:
    for english, chinese in entries().items():
        assert set(PLACES.findall(chinese)) == set(PLACES.findall(english)), english


def marked() -> set[str]:
    """What the templates mark for translation."""
    pattern = re.compile(r"""\{% translate (?:"([^"]+)"|'([^']+)')""")
    texts = [path.read_text(encoding="utf-8") for path in WEB.rglob("templates/**/*.html")]
    return {one or other for text in texts for one, other in pattern.findall(text)}


def test_every_sentence_of_the_templates_is_in_the_catalogue() -> None:
    assert marked()
    assert marked() - set(entries()) == set(), "run ./run.sh manage makemessages, translate, compilemessages"


def chinese(text: str) -> bool:
    return bool(re.search("[\u4e00-\u9fff]", text))


@pytest.mark.parametrize("text", ["", "abc", "NaN", "1" * 40, "1e9999"])
def test_errors_of_numbers_are_translated(text: str) -> None:
    with pytest.raises(OperationError) as error:
        canonical(text)
    with override("zh-hans"):
        assert chinese(words.translated(str(error.value))), error.value


@pytest.mark.parametrize(("x", "name", "y"), [("1", "divide", "0"), ("0", "divide", "0"), ("9e6144", "multiply", "10")])
def test_errors_of_operations_are_translated(x: str, name: str, y: str) -> None:
    with pytest.raises(OperationError) as error:
        apply(name, x, y)
    with override("zh-hans"):
        assert chinese(words.translated(str(error.value))), error.value


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"a,b\n"],
        [b"\xff\xfe"],
        [b"x,task_type,y\n"],
        [b"x,task_type,y\n", b"1,add,\xff"],
        [b"x,task_type,y\n", b"1,add,\0"],
        [b"x,task_type,y\n", b'"1,add,2'],
        [b"x,task_type,y\n", b"1,add\n"],
        [b"x,task_type,y\n", b"1,power,1\n"],
        [b"x,task_type,y\n", b"1,add," + b"1" * 300],
        [b"x,task_type,y\n", *[b"1,add,?\n"] * 200],
        [b"x,task_type,y\n", *[b"1,add,1\n"] * 100_001],
    ],
)
def test_errors_of_files_are_translated(lines: list[bytes]) -> None:
    with pytest.raises(BadBatch) as error:
        read_csv(lines)
    with override("zh-hans"):
        assert chinese(words.translated(str(error.value))), error.value
        for line in error.value.lines:
            assert chinese(words.translated(line["error"])), line


def test_other_sentences_are_translated() -> None:
    sources = "".join(
        Path(WEB / name).read_text(encoding="utf-8") for name in ("arithmetic/workers.py", "config/middleware.py")
    )
    for sentence in (*words.WORKERS, *words.REFUSALS):
        assert sentence in sources
    with override("zh-hans"):
        assert chinese(words.translated(DIED))
        assert words.translated("Nobody has translated this.") == "Nobody has translated this."
        assert words.translated("") == ""
