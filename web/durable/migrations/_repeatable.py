"""Operations that may be done again: MySQL commits each DDL statement by itself, so a kill leaves half a migration."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

Editor = BaseDatabaseSchemaEditor


def tables(editor: Editor) -> list[str]:
    """The tables that there are."""
    return editor.connection.introspection.table_names()


def columns(editor: Editor, table: str) -> set[str]:
    """The columns that a table has."""
    with editor.connection.cursor() as cursor:
        return {column.name for column in editor.connection.introspection.get_table_description(cursor, table)}


def indexes(editor: Editor, table: str) -> set[str]:
    """The names of its indexes."""
    with editor.connection.cursor() as cursor:
        return set(editor.connection.introspection.get_constraints(cursor, table))


class CreateModel(migrations.CreateModel):
    """Django's, unless the table is there."""

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Make the table."""
        if after.apps.get_model(app_label, self.name)._meta.db_table not in tables(editor):
            super().database_forwards(app_label, editor, before, after)


class DeleteModel(migrations.DeleteModel):
    """Django's, unless the table is gone."""

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Drop the table."""
        if before.apps.get_model(app_label, self.name)._meta.db_table in tables(editor):
            super().database_forwards(app_label, editor, before, after)


class AddField(migrations.AddField):
    """Django's, unless the column is there. On MySQL instant, for a column at the end."""

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Add the column."""
        options: Any = after.apps.get_model(app_label, self.model_name)._meta
        if options.get_field(self.name).column not in columns(editor, options.db_table):
            super().database_forwards(app_label, editor, before, after)


class AddIndex(migrations.AddIndex):
    """Django's, unless the index is there. For a new table, too: made with it, it would come in a statement of its own."""

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Make the index."""
        if self.index.name not in indexes(editor, after.apps.get_model(app_label, self.model_name)._meta.db_table):
            super().database_forwards(app_label, editor, before, after)


class RenameIndex(migrations.RenameIndex):
    """Django's, unless it has the new name. On MySQL instant."""

    def database_forwards(self, app_label: str, editor: Editor, before: ProjectState, after: ProjectState) -> None:
        """Rename the index."""
        if self.new_name not in indexes(editor, after.apps.get_model(app_label, self.model_name)._meta.db_table):
            super().database_forwards(app_label, editor, before, after)
