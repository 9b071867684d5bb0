"""Folders whose content is believed: signs of life, the drain file, Redis's socket."""

import os
import stat
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def own_folder(path: Path, otherwise: str) -> Path:
    """The folder, made if need be; where somebody else could put something into it, the start ends with a sentence."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        wrong = foreign(path.lstat())  # of a link, not of what it points to
    except OSError as error:
        wrong = f"cannot be made ({error.strerror})"
    if wrong:
        raise ImproperlyConfigured(f"The folder {path} {wrong}: remove it, or {otherwise}.")
    return path


def foreign(found: os.stat_result) -> str:
    """Why it is not this user's alone; empty if it is."""
    if stat.S_ISLNK(found.st_mode):
        return "is a link"
    if found.st_uid != os.geteuid():
        return "belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "may be written by others"
    return ""


def run_dir(path: Path) -> Path:
    """RUN_DIR, as each role that uses it first makes it."""
    return own_folder(path, "set RUN_DIR to a folder of your own")
