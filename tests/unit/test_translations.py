"""The Chinese catalogues, the engine's and the domain's: complete, compiled, and about sentences that there are."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.utils.translation import override
from django.utils.translation.template import templatize

from arithmetic.models import MathTask
from arithmetic.operations import OperationError, apply
from durable.batches import BadBatch
from durable.claims import DIED
from durable.uploads import read_csv, read_json
from durable.words import Sentence, of, say, translated
from support.embedded import ROOT

WEB = ROOT / "web"
APPS = pytest.mark.parametrize("app", ["durable", "arithmetic"])
KIND = MathTask.kind
STRINGS = re.compile(r'^(msgid|msgid_plural|msgstr|msgstr\[0\]) ("(?:.*)"(?:\n".*")*)', re.MULTILINE)
PLACES = re.compile(r"\{\w+\}|%\(\w+\)\w")
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
IN_TEMPLATES = re.compile(r"""\b(?:n?gettext|_)\((?:u?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
HEAD = "x,task_type,y\n"


def catalogue(app: str) -> Path:
    """The source of an app's catalogue."""
    return WEB / app / "locale/zh_Hans/LC_MESSAGES/django.po"


def entries(app: str) -> dict[str, str]:
    """English -> Chinese."""
    found, english = dict[str, str](), ""
    for kind, text in STRINGS.findall(catalogue(app).read_text(encoding="utf-8")):
        value = "".join(ast.literal_eval(line) for line in text.splitlines())
        if kind == "msgid":
            english = value
        elif kind.startswith("msgstr"):
            found[english] = value
    return found


def marked(app: str) -> set[str]:
    """What an app's sources mark for translation."""
    found = set[str]()
    for path in (WEB / app).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
                first = node.args[0]
                found |= {str(first.value)} if isinstance(first, ast.Constant) else set()
    for path in (WEB / app).rglob("templates/**/*.html"):
        marks = IN_TEMPLATES.findall(templatize(path.read_text(encoding="utf-8")))
        found |= {ast.literal_eval(mark) for mark in marks}
    return found


@APPS
def test_the_compiled_catalogue_is_up_to_date(app: str) -> None:
    with catalogue(app).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    flat = {key[0] if isinstance(key, tuple) else key: text for key, text in compiled.items()}
    assert flat == entries(app), "run ./run.sh manage compilemessages and commit django.mo"


@APPS
def test_every_sentence_is_in_the_catalogue_and_no_other(app: str) -> None:
    assert len(marked(app)) > 20
    assert marked(app) == set(entries(app)) - {""}, "run ./run.sh manage makemessages, translate, compilemessages"


@APPS
def test_every_sentence_is_translated(app: str) -> None:
    source = catalogue(app).read_text(encoding="utf-8")
    assert "fuzzy" not in source
    assert "#~" not in source
    assert [english for english, chinese in entries(app).items() if not chinese] == []


@APPS
def test_what_stands_in_braces_stays(app: str) -> None:
    for english, chinese in entries(app).items():
        assert set(PLACES.findall(chinese)) == set(PLACES.findall(english)), english


def test_what_both_catalogues_say_they_say_alike() -> None:
    engine, domain = entries("durable"), entries("arithmetic")
    assert [english for english in set(engine) & set(domain) - {""} if engine[english] != domain[english]] == []


def chinese(text: str) -> bool:
    """Whether it is, all of it: no English word stands among it but names of columns and operations."""
    words = set(re.findall(r"[A-Za-z_]{2,}", text)) - {"task_type", "NaN", "Infinity", "add", "minus", "multiply"}
    return bool(re.search("[\u4e00-\u9fff]", text)) and words <= {"divide", "CSV", "UTF", "NUL", "JSON", "tasks"}


@pytest.mark.parametrize("text", ["", "abc", "NaN", "1" * 40, "1" * 300, "1e9999", 7])
def test_errors_of_numbers_are_translated(text: str) -> None:
    with pytest.raises(ValueError, match="number") as error:
        KIND.check("x", text)
    with override("zh-hans"):
        assert chinese(translated(of(error.value))), error.value


@pytest.mark.parametrize(("x", "name", "y"), [("1", "divide", "0"), ("0", "divide", "0"), ("9e6144", "multiply", "10")])
def test_errors_of_operations_are_translated(x: str, name: str, y: str) -> None:
    with pytest.raises(OperationError) as error:
        apply(name, x, y)
    with override("zh-hans"):
        assert chinese(translated(str(error.value))), error.value


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"a,b\n"],
        [b"\xff\xfe"],
        [HEAD.encode()],
        [HEAD.encode(), b"1,add,\xff"],
        [HEAD.encode(), b"1,add,\0"],
        [HEAD.encode(), b"1,add\n"],
        [HEAD.encode(), b"1,power,1\n"],
        [HEAD.encode(), b"1,add," + b"1" * 300],
        [HEAD.encode(), *[b"1,add,?\n"] * 200],
        [HEAD.encode(), *[b"1,add,1\n"] * 100_001],
        [HEAD.encode(), b"1,add," + b"1" * 20_000],
    ],
)
def test_errors_of_files_are_translated(lines: list[bytes]) -> None:
    with pytest.raises(BadBatch) as error:
        read_csv(KIND, lines)
    with override("zh-hans"):
        assert chinese(translated(of(error.value))), error.value
        for line in error.value.lines:
            assert chinese(translated(line["error"])), line


@pytest.mark.parametrize("body", [b"", b"\xff", b"[{]", b"[]", b'[{"x": "1"}]', b'["' + b"x" * 20_000])
def test_errors_of_json_are_translated(body: bytes) -> None:
    with pytest.raises(BadBatch) as error:
        read_json(KIND, [body])
    with override("zh-hans"):
        assert chinese(translated(of(error.value))), error.value
        for line in error.value.lines:
            assert chinese(translated(line["error"])), line


def test_the_error_of_a_row_is_told_in_the_readers_language() -> None:
    died = say(DIED, n=5)
    row = MathTask(error=str(died), reason=[died.template, died.values])
    gone = MathTask(error="...", reason=["There is no operation {name} any more.", {"name": "power"}])
    plain = MathTask(error="Division by zero has no result.")
    bug = MathTask(error="KeyError: '{x}'")
    with override("zh-hans"):
        assert translated(row.sentence) == "它的工作进程连续 5 次崩溃或超时。不再尝试此任务。"
        assert translated(gone.sentence) == "已没有运算 power。"
        assert translated(plain.sentence) == "除以零没有结果。"
        assert translated(bug.sentence) == "KeyError: '{x}'"
        assert translated(MathTask().sentence) == ""


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    inner = say("There is no task {id}.", id=7)
    outer = say("{field}: {sentence}", field="x", sentence=inner)
    assert outer == "x: There is no task 7."
    with override("zh-hans"):
        assert translated(outer) == "x：没有任务 7。"
        assert translated(Sentence("Nobody has translated this.")) == "Nobody has translated this."
