"""The code that may change while it runs: the project's own, and the engine's where it lies beside it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings

# Templates, styles and scripts are read anew for each request (settings.DEV); translations are not.
SUFFIXES = (".py", ".mo")


class Sources:
    """The files below the folders, and when each last changed."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)
        self.seen = dict(self.look())

    def changed(self) -> set[Path]:
        """What has changed, come or gone since the last time."""
        before, self.seen = self.seen, dict(self.look())
        return {path for path, _ in before.items() ^ self.seen.items()}

    def look(self) -> Iterator[tuple[Path, int]]:
        """Each file with its time."""
        for folder in self.folders:
            for place, folders, files in os.walk(folder):
                folders[:] = [name for name in folders if not foreign(Path(place, name))]
                for path in (Path(place, name) for name in files if name.endswith(SUFFIXES)):
                    try:
                        yield path, path.stat().st_mtime_ns
                    except FileNotFoundError:  # an editor's short-lived file
                        continue


def foreign(folder: Path) -> bool:
    """Whether it holds no code of the project: hidden, made by tools, data, or a virtual environment."""
    made = folder.name.startswith((".", "__")) or folder.name in {"node_modules", "site-packages"}
    return made or folder == settings.DATA_DIR or (folder / "pyvenv.cfg").exists()


def own_folders() -> set[Path]:
    """The project's folder, and the folders of those apps that are not installed as packages."""
    places = {Path(app.path).resolve() for app in apps.get_app_configs()}
    return {settings.BASE_DIR, *(place for place in places if "site-packages" not in place.parts)}
