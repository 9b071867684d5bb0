"""B5: the list as HAProxy's cache answers it, against HAProxy's own answer of the same size."""

import re

from bench.load import wrk
from bench.plan import Plan
from bench.report import Cost, Figure, Report
from bench.sides import OURS
from bench.stand import Stand
from support.http import ask

LISTS = {"tasks.json": "/api/tasks", "tasks.html": "/tasks/now?lang=en"}
TARGETS = {"tasks.json": 0.5, "tasks.html": 0.45}
PAGE = 50
SILENT, LOGGING = 8080, 8081
METRICS = 8404
SILENT_ANSWER, LOGGED_ANSWER = "static answer", "static answer with a log line"


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Both lists that are the same for everyone; then the page, which is not."""
    prepare(stand)
    ours = stand.address("haproxy")
    silent, logging = (stand.address("reference-static", port) for port in (SILENT, LOGGING))
    for name, path in list(LISTS.items())[: None if plan.pages else 1]:
        what = f"GET {path}"
        sides = {what: f"{ours}{path}", SILENT_ANSWER: f"{silent}/{name}", LOGGED_ANSWER: f"{logging}/{name}"}
        before = cache(stand)
        rates = rounds(stand, plan, sides, report)
        lookups, hits = (now - then for now, then in zip(cache(stand), before, strict=True))
        report.notes.append(f"B5 {what}: HAProxy looked into its cache {lookups:,} times and found it {hits:,} times")
        for side, target in ((SILENT_ANSWER, TARGETS[name]), (LOGGED_ANSWER, None)):
            figure = Figure("B5", f"{what} through the cache", rates[what], "/s", rates[side], side, target)
            report.figures.append(figure)
    if plan.pages:
        page = "GET / (not cacheable: it holds a form's token)"
        rates = rounds(stand, plan, {page: f"{ours}/"}, report)
        report.figures.append(Figure("B5", page, rates[page], "/s", target=600))


def rounds(stand: Stand, plan: Plan, sides: dict[str, str], report: Report) -> dict[str, list[float]]:
    """Answers per second of each address, in turn."""
    size = {side: len(ask("GET", url).body) for side, url in sides.items()}
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(plan.rounds):
        for side, url in sides.items():
            stand.settle()
            with stand.meter() as meter:
                load = wrk(url, plan.seconds)
            assert not load.refused, (url, load)
            assert load.bytes > 0.9 * size[side] * load.requests, (url, load)
            rates[side].append(load.rate)
            report.costs.append(Cost("B5", side, meter.per(load.requests), meter.busy))
    return rates


def cache(stand: Stand) -> tuple[int, int]:
    """How often our HAProxy has looked into its cache, and found what it looked for."""
    text = ask("GET", f"{stand.address('haproxy', METRICS)}/metrics").body.decode()
    return count(text, "lookups"), count(text, "hits")


def count(text: str, name: str) -> int:
    """Of all its parts."""
    return sum(map(int, re.findall(rf"^haproxy_\w+_http_cache_{name}_total{{.*}} (\d+)$", text, re.MULTILINE)))


def prepare(stand: Stand) -> None:
    """A full page of tasks, and a static answer as large as the list of them."""
    mark = OURS.mark(stand)
    for number in range(PAGE):
        ask("POST", f"{stand.url}/api/tasks", {"x": str(number), "task_type": "add", "y": "1"})
    stand.wait_ended(OURS.table, mark, 60)
    stand.keep_static(**{name: ask("GET", f"{stand.url}{path}").body for name, path in LISTS.items()})
    stand.compose("restart", "reference-static")
    stand.wait_healthy("reference-static")
