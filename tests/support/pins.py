"""The images that the project is made of: each is named in one place, with an exact minor version."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What is delivered. flask-rabbitmq/ is a product of its own, which its users copy.
STACK = ROOT / "docker-stack.yaml"
COMPOSE = sorted([*ROOT.glob("docker-compose*.yaml"), STACK, ROOT / "flask-rabbitmq" / "docker-compose.yaml"])
FOLDERS = ("web", "haproxy", "monitoring", "flask-rabbitmq")
DOCKERFILES = [ROOT / folder / "Dockerfile" for folder in FOLDERS]
# ${MYSQL_IMAGE:-mysql:9.7} and ARG PYTHON_IMAGE=python:3.13-slim-trixie
NAMED = re.compile(r"(?:\$\{|^ARG )([A-Z_]+_IMAGE)(?::-|=)([^\s}]+)", re.MULTILINE)


def named(path: Path) -> list[tuple[str, str]]:
    """The variables of the file that name an image, with their defaults."""
    found = NAMED.findall(path.read_text(encoding="utf-8"))
    return [(variable, image) for variable, image in found if variable not in {"APP_IMAGE", "EDGE_IMAGE"}]


def pin(variable: str) -> str:
    """The image that the stack takes unless the variable names another one."""
    (image,) = {image for path in [*COMPOSE, *DOCKERFILES] for name, image in named(path) if name == variable}
    return image
