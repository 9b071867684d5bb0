from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("readings", "0003_due_time")]

    operations = [
        migrations.AddField(
            "loan", "request_id", models.CharField(db_default="", default="", editable=False, max_length=64)
        ),
        migrations.AddField(
            "reading", "request_id", models.CharField(db_default="", default="", editable=False, max_length=64)
        ),
    ]
