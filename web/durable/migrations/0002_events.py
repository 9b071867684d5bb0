import django.db.models.functions.datetime
from django.db import migrations, models

from durable.migrations._repeatable import AddField, AddIndex, CreateModel


class Migration(migrations.Migration):
    dependencies = [
        ("durable", "0001_initial"),
    ]

    operations = [
        CreateModel(
            name="Token",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, unique=True, verbose_name="name")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "scopes",
                    models.CharField(
                        db_default="read,write", default="read,write", max_length=32, verbose_name="scopes"
                    ),
                ),
                (
                    "created_by",
                    models.CharField(
                        db_default="", default="", editable=False, max_length=80, verbose_name="created by"
                    ),
                ),
                (
                    "create_time",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="creation time"
                    ),
                ),
                ("expire_time", models.DateTimeField(blank=True, default=None, null=True, verbose_name="expires")),
                ("revoke_time", models.DateTimeField(blank=True, default=None, null=True, verbose_name="revoked")),
            ],
            options={
                "verbose_name": "token",
                "verbose_name_plural": "tokens",
                "permissions": [
                    ("write", "Can create, cancel and retry tasks"),
                    ("operate", "Can do what operators do"),
                ],
            },
        ),
        AddField(
            model_name="batch",
            name="created_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=80, verbose_name="created by"),
        ),
        CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "time",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="time"),
                ),
                ("by", models.CharField(db_default="", default="", max_length=80, verbose_name="by")),
                ("address", models.CharField(db_default="", default="", max_length=45, verbose_name="address")),
                ("request_id", models.CharField(db_default="", default="", max_length=64, verbose_name="request")),
                ("what", models.CharField(max_length=32, verbose_name="what")),
                ("kind", models.CharField(db_default="", default="", max_length=64, verbose_name="kind")),
                ("subject", models.CharField(db_default="", default="", max_length=128, verbose_name="subject")),
                ("count", models.PositiveIntegerField(db_default=1, default=1, verbose_name="how many")),
                ("detail", models.CharField(db_default="", default="", max_length=255, verbose_name="detail")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
            },
        ),
        AddIndex("event", models.Index(fields=["what", "subject"], name="durable_eve_what_8bf976_idx")),
        AddIndex("event", models.Index(fields=["what", "address"], name="durable_eve_what_013e53_idx")),
        AddIndex("event", models.Index(fields=["kind", "subject"], name="durable_eve_kind_b5d379_idx")),
        AddIndex("event", models.Index(fields=["time"], name="durable_eve_time_bc1e85_idx")),
    ]
