"""What one sees of a page."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

from django.test import Client
from rows import ago


def html(client: Client, path: str) -> str:
    """A page."""
    response = client.get(path)
    assert response.status_code == 200, response
    return unescape(response.content.decode())


def text(client: Client, path: str) -> str:
    """What one reads on it."""
    return " ".join(re.sub(r"<[^>]+>", " ", html(client, path)).split())


def headings(client: Client, path: str) -> list[str]:
    """Of the columns of a list."""
    page = html(client, path)
    found = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page[page.index('id="result_list"') :], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def ten_seconds() -> dict[str, Any]:
    """When something ran for so long."""
    start = ago(12)
    return {"start_time": start, "update_time": start + timedelta(seconds=10)}
