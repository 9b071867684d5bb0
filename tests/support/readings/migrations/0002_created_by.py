from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("readings", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="loan",
            name="created_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=80, verbose_name="created by"),
        ),
        migrations.AddField(
            model_name="reading",
            name="created_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=80, verbose_name="created by"),
        ),
    ]
