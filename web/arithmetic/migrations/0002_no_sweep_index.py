from django.db import migrations


class Migration(migrations.Migration):
    """Workers of the version before ask for this index by name: until the rollout has replaced them, their sweeps wait."""

    dependencies = [("arithmetic", "0001_initial")]
    operations = [migrations.RemoveIndex(model_name="mathtask", name="math_task_sweep")]
