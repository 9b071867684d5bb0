"""Words and sentences that are made where nothing knows of languages, and translated where they are shown.

makemessages finds them here. Whoever changes a sentence there changes it here, too: a test compares them.
"""

import re

from django.utils.translation import gettext, gettext_noop

OPERATIONS = [gettext_noop("add"), gettext_noop("minus"), gettext_noop("multiply"), gettext_noop("divide")]
WORKERS = [
    gettext_noop("No worker is running: new tasks are kept, and run once there is one."),
]
REFUSALS = [
    gettext_noop("Away for a moment"),
    gettext_noop("That did not work"),
    gettext_noop("The database is away for a moment: try again in a few seconds."),
]
SENTENCES = [
    gettext_noop("A task has exactly x, task_type and y."),
    gettext_noop("There is no task in it: send at least one."),
    gettext_noop("The first line has to be x,task_type,y, and each line after it a task."),
    gettext_noop("This idempotency key was used for another task; use a new key for a new task."),
    gettext_noop("This idempotency key was used for another batch; use a new key for a new one."),
]
# What stands in braces differs from case to case; it may be a sentence itself.
TEMPLATES = [
    gettext_noop("{broker} is away: new tasks are kept, and run once it is back."),
    gettext_noop("There is no operation {name} any more."),
    gettext_noop("Its worker died or ran out of time, {n} times in a row. The task is not tried again."),
    gettext_noop("A batch has at most {n} tasks: split this one."),
    gettext_noop(
        "Nothing was stored: {bad} of {all} tasks are wrong. The first {told} are listed, {more} more are not."
    ),
    gettext_noop("Nothing was stored: {bad} of {all} tasks are wrong."),
    gettext_noop("task_type: There is no such operation; use one of: {names}."),
    gettext_noop("{field}: Type a number of at most {n} characters."),
    gettext_noop("Line {n} is not CSV ({why}): quotes have to be doubled and closed."),
    gettext_noop("The file is in UTF-16: save it as CSV in UTF-8, then send it again."),
    gettext_noop("Line {n} holds a NUL, so it is not text: save it as CSV in UTF-8, then send it again."),
    gettext_noop("Line {n} is not in UTF-8: save it as CSV in UTF-8, then send it again."),
    gettext_noop("There is no task {id}."),
    gettext_noop("Task {id} is {status}: only a task that is {these} or {those} can be {done}."),
    gettext_noop("The request is too large: send at most {n} MB."),
    gettext_noop("{field}: {sentence}"),
]
DONE = [gettext_noop("tried again")]  # can be cancelled, can be tried again


def pattern(template: str) -> re.Pattern[str]:
    """What recognises the sentences of a template."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template)))


PATTERNS = [(template, pattern(template)) for template in TEMPLATES]


def translated(sentence: str) -> str:
    """The sentence in the reader's language; as it is where nobody has translated it."""
    if not sentence or (known := gettext(sentence)) != sentence:
        return known if sentence else ""
    for template, recognised in PATTERNS:
        if (found := recognised.fullmatch(sentence)) and (words := gettext(template)) != template:
            return words.format(**{name: translated(value) for name, value in found.groupdict().items()})
    return sentence
