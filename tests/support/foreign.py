"""A site of somebody else, and what its page makes a reader's browser send to ours: the verbs cross_site and rebind."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Request

from support.http import Answer, ask
from support.waiting import wait_for

# Everything that a page may send to another origin without being asked: no preflight, no readable answer.
PAGE = """<!doctype html><title>Kittens</title>
<script>
async function attack(target, task, failed) {
  const text = (body) => ({ method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body });
  const sends = [
    () => fetch(`${target}/api/tasks`, text(task)),
    () => fetch(`${target}/api/tasks/${failed}/retry`, { method: "POST", mode: "no-cors" }),
    () => fetch(`${target}/api/tasks/retry`, text('{"expected": 100000, "status": "failed"}')),
    () => fetch(`${target}/`, { method: "POST", mode: "no-cors", body: new URLSearchParams(JSON.parse(task)) }),
    () => fetch(`${target}/api/tasks`, { ...text(task), referrerPolicy: "no-referrer" }),
    () => navigator.sendBeacon(`${target}/api/tasks`, new Blob([task], { type: "text/plain" })),
    () => form(`${target}/api/tasks/${failed}/retry`, "", ""),
    () => form(`${target}/api/tasks`, task.slice(0, -1) + ', "idempotency_key": "', '"}'),
  ];
  for (const send of sends) await Promise.resolve(send()).catch(() => {});
  return sends.length;
}
function form(action, name, value) {
  // each into a frame of its own: a second navigation of one would cancel the first
  const [made, frame] = ["form", "iframe"].map((tag) => document.createElement(tag));
  frame.name = `frame${document.querySelectorAll("iframe").length}`;
  Object.assign(made, { action, method: "post", enctype: "text/plain", target: frame.name });
  if (name) made.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(made, frame);
  made.submit();
}
</script>"""


class Kittens(http.server.BaseHTTPRequestHandler):
    """The other site: one page."""

    def do_GET(self) -> None:
        """Its page at each address."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def foreign_site() -> Iterator[int]:
    """The other site; its port, on all names of this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kittens) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def cross_site(browser: Browser, host: str, target: str, task: dict[str, str], failed: int) -> list[int]:
    """Open the other site's page under that name, and let it do all it can; what our site answered to each try."""
    for _ in range(3):  # Docker adding a network interrupts Chromium's requests
        statuses, broken = once(browser, host, target, task, failed)
        if not broken:
            break
    assert not broken, broken
    return statuses


def once(
    browser: Browser, host: str, target: str, task: dict[str, str], failed: int
) -> tuple[list[int], list[str | None]]:
    """The statuses of what was answered, and why the rest was not."""
    answered: dict[Request, int] = {}
    ended: list[Request] = []
    context = browser.new_context()
    context.on("response", lambda response: answered.update({response.request: response.status}))
    # also what was answered and is not shown: no-cors answers are not read, and our pages are in no frame of others
    context.on("requestfailed", lambda request: ended.append(request))
    context.on("requestfinished", lambda request: ended.append(request))
    page = context.new_page()
    with foreign_site() as port:
        page.goto(f"http://{host}:{port}/")
        what = [target, json.dumps(task), failed]
        tries = page.evaluate("([target, task, failed]) => attack(target, task, failed)", what)

        def ours() -> list[Request]:
            page.wait_for_timeout(50)  # Playwright hears of requests while it waits
            return [each for each in ended if each.url.startswith(target)]

        wait_for(lambda: len(ours()) >= tries, 20, f"all {tries} tries have ended")
        sent = ours()
        context.close()
    statuses = [status for request, status in answered.items() if request.url.startswith(target)]
    return statuses, [request.failure for request in sent if request not in answered]


def rebind(url: str, host: str) -> Answer:
    """What a page of `host` gets once its name leads to us: our page under its name, then our form with its Origin."""
    page = ask("GET", f"{url}/", headers={"Host": host})
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
    cookie = page.headers.get("set-cookie", "").partition(";")[0]
    body = f"csrfmiddlewaretoken={token[1].decode() if token else ''}&x=1&task_type=add&y=2"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin", "Cookie": cookie}
    return ask("POST", f"{url}/", body, {**headers, "Content-Type": "application/x-www-form-urlencoded"})
