"""A migration suits the release before it too: in a rollout containers of both run side by side."""

from typing import Any

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from durable.migrations import _repeatable

# From version 1.0.0 to these it is one stop.
FIRST = {"durable": "0001_initial", "durable_jobs": "0001_initial", "arithmetic": "0003_engine"}
# What only takes something away that the release before did not use any more: expand in one release, contract in the
# next. Each stands here with the release that stopped using it.
CONTRACTS: dict[tuple[str, str], str] = {}


def complaint(operation: Operation) -> str:
    """What is wrong with it; empty if nothing is."""
    match operation:
        case migrations.SeparateDatabaseAndState():
            return next(filter(None, map(complaint, operation.database_operations)), "")
        case migrations.AddField():
            if not (operation.field.null or operation.field.has_db_default()):
                return f"{operation.name}: old code inserts rows without it; give it a db_default"
        case migrations.CreateModel() | migrations.AddIndex() | migrations.RenameIndex():
            pass
        case _:
            return f"{type(operation).__name__}: old code may still use what it changes; see CONTRACTS"
    if type(operation).__module__ != _repeatable.__name__:
        return f"{type(operation).__name__}: a kill leaves half of it; take the one of durable.migrations._repeatable"
    return ""


def later_ones() -> list[tuple[str, str]]:
    """All after the first of its app."""
    found = MigrationLoader(None).disk_migrations
    return sorted(key for key in found if key[0] in FIRST and key[1] > FIRST[key[0]])


@pytest.mark.parametrize("key", later_ones(), ids="-".join)
def test_it_suits_the_release_before(key: tuple[str, str]) -> None:
    if key not in CONTRACTS:
        operations = MigrationLoader(None).disk_migrations[key].operations
        assert [found for found in map(complaint, operations) if found] == []


def test_every_app_of_ours_with_migrations_is_looked_at() -> None:
    ours = {
        config.label for config in apps.get_app_configs() if config.name.partition(".")[0] in ("durable", "arithmetic")
    }
    assert ours == set(FIRST)
    assert {app for app, _ in later_ones()} == ours


CHAR: Any = models.CharField(max_length=8, default="")


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (_repeatable.AddField("task", "colour", CHAR), "db_default"),
        (migrations.SeparateDatabaseAndState([_repeatable.AddField("task", "colour", CHAR)]), "db_default"),
        (migrations.AddField("task", "colour", models.CharField(max_length=8, db_default="")), "_repeatable"),
        (migrations.RemoveField("task", "colour"), "CONTRACTS"),
        (migrations.RenameField("task", "colour", "color"), "CONTRACTS"),
        (migrations.AlterField("task", "colour", CHAR), "CONTRACTS"),
        (_repeatable.DeleteModel("Task"), "CONTRACTS"),
        (migrations.RunSQL("DELETE FROM task"), "CONTRACTS"),
    ],
    ids=lambda value: getattr(value, "name", None) or type(value).__name__,
)
def test_what_would_break_old_code_is_found(operation: Operation, words: str) -> None:
    assert words in complaint(operation)


def test_what_adds_is_well() -> None:
    null, given = models.IntegerField(null=True), models.CharField(max_length=8, db_default="")
    for field in (null, given):
        assert complaint(_repeatable.AddField("task", "colour", field)) == ""
    assert (
        complaint(migrations.SeparateDatabaseAndState(state_operations=[migrations.AlterField("t", "c", CHAR)])) == ""
    )
