"""Pictures of every page (./run.sh pictures): of a site of its own that has worked for some minutes.

Into --into FOLDER each page at 360, 1280 and 1600 pixels, light and dark, in English and Chinese; those of the README
into docs/, in both languages.
"""

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from support.browser import ARGUMENTS
from support.embedded import ROOT, Embedded
from support.http import ask, create

WIDTHS = {360: 740, 1280: 800, 1600: 1000}
LANGUAGES = {"en": "en-US", "zh-hans": "zh-CN"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OF_README = {"en": "", "zh-hans": ".zh-CN"}  # what stands before .png
OPERATOR, PASSWORD = "anna", "correct horse battery"
CSV = {"Content-Type": "text/csv"}


def lines(count: int) -> str:
    """A file of many tasks, one of twelve of which fails."""
    rows = (f"{n},divide,{n % 12}\n" for n in range(1, count + 1))
    return "x,task_type,y\n" + "".join(rows)


def work(url: str, seconds: float) -> None:
    """Let it do what sites do: single tasks all the time, in waves, and a batch now and then."""
    end = time.monotonic() + seconds
    for turn in itertools.count():
        if time.monotonic() > end:
            return
        for number in range(5 + 4 * (turn % 6)):
            create(url, str(number), ("add", "minus", "multiply", "divide")[number % 4], str(number % 7))
        if turn % 20 == 10:
            ask("POST", f"{url}/api/batches", lines(600), CSV)
        time.sleep(0.5)


def pages(url: str) -> dict[str, str]:
    """The address of each page by the name of its picture."""
    tasks = ask("GET", f"{url}/api/tasks?status=failed&limit=1").json()["items"]
    batches = ask("GET", f"{url}/api/batches").json()["items"]
    return {
        "home": "/",
        "upload": "/#from-file",
        "failed": "/?status=failed",
        "task": f"/tasks/{tasks[0]['id']}",
        "batches": "/batches",
        "batch": f"/batches/{batches[0]['id']}",
        "activity": "/activity",
        "many": "/tasks/many?action=retry&status=failed",
        "login": "/login",
        "admin": "/admin/",
        "admin-tasks": "/admin/arithmetic/mathtask/",
        "docs": "/api/docs",
        "missing": "/nothing",
    }


@contextmanager
def page_of(browser: Browser, url: str, language: str, width: int, scheme: Any) -> Iterator[Page]:
    """A page of an operator's browser."""
    context = browser.new_context(
        locale=LANGUAGES[language], color_scheme=scheme, viewport={"width": width, "height": WIDTHS[width]},
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"{url}/login")
    page.locator("#login [name=username]").fill(OPERATOR)
    page.locator("#login [name=password]").fill(PASSWORD)
    page.locator("#login button").click()
    page.wait_for_url(f"{url}/")
    yield page
    context.close()


def shoot(page: Page, address: str, path: Path, whole: bool = False) -> None:
    """One picture, once the page's scripts have asked for what they show."""
    page.goto(address)
    page.wait_for_timeout(1500)
    page.screenshot(path=path, full_page=whole)


def everything(browser: Browser, url: str, folder: Path) -> None:
    """Each page in each way."""
    for language, width, scheme in itertools.product(LANGUAGES, WIDTHS, SCHEMES):
        with page_of(browser, url, language, width, scheme) as page:
            for name, path in pages(url).items():
                shoot(page, f"{url}{path}", folder / f"{name}-{width}-{scheme}-{language}.png", whole=width == 360)


def of_readme(browser: Browser, url: str) -> None:
    """The pictures of README.md and README.zh-CN.md: home, a batch at work, the activity."""
    for language, suffix in OF_README.items():
        with page_of(browser, url, language, 1280, "light") as page:
            work(url, 3)
            shoot(page, url, ROOT / f"docs/home{suffix}.png")
            batch = ask("POST", f"{url}/api/batches", lines(20_000), CSV).json()["id"]
            shoot(page, f"{url}/batches/{batch}", ROOT / f"docs/batch{suffix}.png")
            shoot(page, f"{url}/activity", ROOT / f"docs/activity{suffix}.png")


def main() -> None:
    """Start the site, let it work, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help="a folder for all pages; without it only those of the README")
    parser.add_argument("--minutes", type=float, default=4, help="how long the site works before (default: 4)")
    chosen = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not chromium:
        sys.exit("There is no Chromium on PATH: install it (apt install chromium), then try again.")
    who = {"DJANGO_SUPERUSER_USERNAME": OPERATOR, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    with (
        tempfile.TemporaryDirectory() as data,
        Embedded(Path(data), None, **who) as site,
        sync_playwright() as playwright,
    ):
        os.chdir(ROOT)
        work(site.url, chosen.minutes * 60)
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        if chosen.into:
            chosen.into.mkdir(parents=True, exist_ok=True)
            everything(browser, site.url, chosen.into)
        else:
            of_readme(browser, site.url)
        browser.close()


if __name__ == "__main__":
    main()
