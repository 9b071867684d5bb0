"""Sentences: each knows its template and its values, so that it can be told in another language."""

import pickle

import pytest
from django.utils import translation

from durable.errors import Failed
from durable.words import Sentence, of, say, translated


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader whose language has three of the templates."""
    catalogue = {"There is no task {id}.": "没有任务 {id}。", "created": "已创建", "It is {status}.": "它{status}。"}
    monkeypatch.setattr("durable.words.gettext", lambda text: catalogue.get(text, text))


def test_a_sentence_is_its_text_and_what_it_was_made_of() -> None:
    sentence = say("There is no task {id}.", id=5)
    assert sentence == "There is no task 5."
    assert (sentence.template, sentence.values) == ("There is no task {id}.", {"id": 5})


def test_braces_in_a_sentence_without_values_stay() -> None:
    assert say('Send {"x": 1}.') == 'Send {"x": 1}.'


def test_braces_in_a_value_stay() -> None:
    assert say("It says {what}.", what="{id}") == "It says {id}."


@pytest.mark.usefixtures("chinese")
def test_a_sentence_is_told_in_another_language_with_its_values() -> None:
    assert translated(say("There is no task {id}.", id=5)) == "没有任务 5。"


@pytest.mark.usefixtures("chinese")
def test_words_within_a_sentence_are_told_in_it_too() -> None:
    assert translated(say("It is {status}.", status="created")) == "它已创建。"
    assert translated(say("It is {status}.", status=say("There is no task {id}.", id=1))) == "它没有任务 1。。"


@pytest.mark.usefixtures("chinese")
def test_what_nobody_has_translated_stays_as_it_is() -> None:
    assert translated(say("Never heard of {it}.", it="that")) == "Never heard of that."
    assert translated("created") == "已创建"
    assert translated("") == ""


def test_an_empty_sentence_does_not_tell_the_head_of_a_catalogue() -> None:
    with translation.override("zh-hans"):
        assert translated(say("")) == ""


def test_an_exception_carries_its_sentence() -> None:
    assert of(ValueError(say("There is no task {id}.", id=5))).values == {"id": 5}
    assert of(ValueError("plain")) == "plain"
    assert of(ValueError()) == ""
    assert of(KeyError(3)) == "3"
    assert isinstance(of(ValueError("plain")), Sentence)


def test_what_perform_raises_keeps_its_template() -> None:
    error = Failed("There is no page at {address}.", address="http://nowhere")
    assert str(error) == "There is no page at http://nowhere."
    assert of(error).template == "There is no page at {address}."
    assert str(Failed("No {braces} here")) == "No {braces} here"


def test_a_sentence_that_travels_between_processes_is_still_text() -> None:
    assert pickle.loads(pickle.dumps(str(say("There is no task {id}.", id=5)))) == "There is no task 5."
