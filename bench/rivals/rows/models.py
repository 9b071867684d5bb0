from django.db import models


class Row(models.Model):
    x = models.BigIntegerField()
    y = models.BigIntegerField()
    result = models.BigIntegerField(null=True)
    done = models.DateTimeField(null=True)

    class Meta:
        app_label = "rows"
        db_table = "work"

    def __str__(self) -> str:
        return f"{self.x} x {self.y}"
