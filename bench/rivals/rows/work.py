from django.utils import timezone

from bench.rivals.rows.models import Row
from bench.rivals.starts import started


def compute(identity: int) -> None:
    """Read the row, multiply, write the row."""
    started(identity)
    row = Row.objects.get(pk=identity)
    row.result = row.x * row.y
    row.done = timezone.now()
    row.save(update_fields=["result", "done"])
