from bench.rivals.setups.abacus.models import Product
from durable.services import create_batch
from durable.uploads import read_csv


def enqueue_many(count: int) -> None:
    lines = [b"x,y\n", *(b"%d,7\n" % number for number in range(count))]
    create_batch(kind=Product.kind, rows=read_csv(Product.kind, lines))
