"""Answers SQL on one kept connection: a statement per line as JSON comes in, its rows as JSON go out."""

import json
import os
import sys

from bench.probes.mysql import connect


def main() -> None:
    """Until the end of the input."""
    cursor = connect(os.environ["MYSQL_DATABASE"]).cursor()
    for line in sys.stdin:
        cursor.execute(json.loads(line))
        print(json.dumps(cursor.fetchall(), default=float), flush=True)


if __name__ == "__main__":
    main()
