"""B5: the list as HAProxy's cache answers it, against HAProxy's own answer of the same size."""

from bench.load import wrk
from bench.plan import Plan
from bench.report import Cost, Figure, Report
from bench.sides import OURS
from bench.stand import Stand
from support.http import ask

LISTS = {"tasks.json": "/api/tasks", "tasks.html": "/tasks?lang=en"}
PAGE = 50
SILENT, LOGGING = 8080, 8081


def measure(stand: Stand, plan: Plan, report: Report) -> None:
    """Both lists that are the same for everyone; then the page, which is not."""
    prepare(stand)
    for name, path in LISTS.items():
        ours = f"{stand.address('haproxy')}{path}"
        static = [f"{stand.address('reference-static', port)}/{name}" for port in (SILENT, LOGGING)]
        rates = rounds(stand, plan, [ours, *static], report)
        what = f"GET {path} through the cache"
        report.figures.append(Figure("B5", what, rates[0], "/s", rates[1], "static answer", 0.5))
        report.figures.append(Figure("B5", what, rates[0], "/s", rates[2], "static answer with a log line"))
    page = rounds(stand, plan, [f"{stand.address('haproxy')}/"], report)
    report.figures.append(Figure("B5", "GET / (a form's token in it: not cacheable)", page[0], "/s"))


def rounds(stand: Stand, plan: Plan, urls: list[str], report: Report) -> list[list[float]]:
    """Answers per second of each address, in turn."""
    size = [len(ask("GET", url).body) for url in urls]
    rates: list[list[float]] = [[] for _ in urls]
    for _ in range(plan.rounds):
        for place, url in enumerate(urls):
            stand.settle()
            with stand.meter() as meter:
                load = wrk(url, plan.seconds)
            assert not load.refused, (url, load)
            assert load.bytes > 0.9 * size[place] * load.requests, (url, load)
            rates[place].append(load.rate)
            what = "static answer" if "/tasks." in url else f"GET /{url.split('/', 3)[3]}"
            report.costs.append(Cost(f"B5 {what}", meter.per(load.requests), meter.busy))
    return rates


def prepare(stand: Stand) -> None:
    """A full page of tasks, and a static answer as large as the list of them."""
    mark = OURS.mark(stand)
    for number in range(PAGE):
        ask("POST", f"{stand.url}/api/tasks", {"x": str(number), "task_type": "add", "y": "1"})
    stand.wait_ended(OURS.table, mark, 60)
    stand.keep_static(**{name: ask("GET", f"{stand.url}{path}").body for name, path in LISTS.items()})
    stand.compose("restart", "reference-static")
    stand.wait_healthy("reference-static")
