"""Two tables with the columns of our math_task, and no index but the primary key."""

from django.db import models


class Task(models.Model):
    """x (task_type) y, and what became of it."""

    batch = models.BigIntegerField(null=True, default=None)
    task_type = models.CharField(max_length=32)
    x = models.CharField(max_length=48)
    y = models.CharField(max_length=48)
    result = models.CharField(max_length=48, default="")
    status = models.CharField(max_length=16, default="created")
    error = models.CharField(max_length=255, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=80, default="")
    queue = models.CharField(max_length=16, default="tasks")
    idempotency_key = models.CharField(max_length=64, null=True, default=None)
    create_time = models.DateTimeField(auto_now_add=True)
    start_time = models.DateTimeField(null=True, default=None)
    update_time = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.x} {self.task_type} {self.y}"


class Documented(Task):
    """Stored by the documented way."""

    objects: "models.Manager[Documented]" = models.Manager()

    class Meta:
        db_table = "documented"


class Bare(Task):
    """Stored by the bare view, which nothing follows."""

    objects: "models.Manager[Bare]" = models.Manager()

    class Meta:
        db_table = "bare"
