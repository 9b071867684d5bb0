"""What every refusal of the API has to look like."""

from typing import Any


def sentence(response: Any) -> str:
    """The error of an answer in the API's one shape."""
    assert response["Content-Type"].startswith("application/json"), (response.status_code, response.content[:200])
    error: str = response.json()["error"]
    assert len(error.split()) > 2, error
    assert error[0].isalpha()
    assert error.endswith("."), error
    return error
