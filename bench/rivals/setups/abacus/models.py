from typing import Any

from django.db import models

from bench.rivals.starts import started
from durable import Task


class Product(Task):
    x = models.BigIntegerField()
    y = models.BigIntegerField()
    result = models.BigIntegerField(null=True)

    class Meta:
        app_label = "abacus"
        db_table = "work"

    class Work:
        inputs = ("x", "y")
        outputs = ("result",)

    @staticmethod
    def perform(task: Any) -> int:
        started(task.id)
        return int(task.x * task.y)
