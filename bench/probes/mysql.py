"""A raw connection to the stack's MySQL."""

import os
from pathlib import Path
from typing import Any

import MySQLdb


def connect(database: str, autocommit: bool = True) -> Any:
    """A connection as the app's user, in the isolation that the app has."""
    connection = MySQLdb.connect(
        host=os.environ["MYSQL_HOST"],
        user=os.environ["MYSQL_USER"],
        password=Path(os.environ["MYSQL_PASSWORD_FILE"]).read_text(encoding="utf-8").strip(),
        database=database,
        charset="utf8mb4",
        ssl_mode="DISABLED",
        init_command="SET SESSION transaction_isolation = 'READ-COMMITTED', time_zone = '+00:00'",
    )
    connection.autocommit(autocommit)
    return connection
