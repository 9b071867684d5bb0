from bench.rivals.setups.abacus.models import Product
from durable.services import create_task


def enqueue(x: int, y: int) -> int:
    task, _ = create_task(kind=Product.kind, values={"x": x, "y": y})
    identity: int = task.pk
    return identity
