"""What all tests share: the running stacks, each started once."""

import os
import re
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from support.embedded import Embedded
from support.flask_stack import FlaskStack
from support.needs import need
from support.stack import Stack, docker_missing
from support.swarm import Swarm

pytest_plugins = ["support.browser", "support.skips"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--long: the faults last as long as the promises say. --task-seconds: they strike tasks in their middle."""
    parser.addoption("--long", action="store_true", help="let each fault last 20 s, not 9")
    parser.addoption("--task-seconds", default="", help="for tests/faults/test_matrix.py: let each task take so long")


OWN_STACK = (
    "rabbitmq|migrations|upgrade|remote_|tls|limits|proxies|strict_clone|before|monitoring|backups|rotation|rivals"
)
# Who loads the shared stack and holds it to seconds, or lets it wait for seconds that the promises name.
LOADS = "matrix|slow_clients|scaling|lanes|bombs"
WAITS = "recovery|claims|dead_messages|handover|errors"
BUSY, WAITING, CALM = "1 a stack that is busy", "2 a stack that is waited for", "2 a stack that is calm"
OTHERS, CLUSTER, DESK = "3 other stacks", "4 several machines", "5 desk"

# As checker.Outcome tells it: no second try makes that good.
WENT_WRONG = r"(lost|doubled|wrong)=[1-9]"


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """With -n 3: first the busy stack, whose tests are held to seconds, and beside it, giving way, what needs none.

    Then side by side two stacks that all share, and the stacks of tests' own. Several machines, which are all on this
    one, come last, and beside them what is left that needs no stack.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if computes(nodeid):
            return module
        if re.match(r"tests/faults/test_(several_machines|containerd)", nodeid):
            return CLUSTER
        if own_stack(nodeid):
            return f"{OTHERS}: {'flask' if '/test_flask_' in module else module}"
        if gives_way(nodeid):
            return f"{DESK}: {module}"
        return next((group for group, names in ((BUSY, LOADS), (WAITING, WAITS)) if about(names, module)), CALM)

    def _assign_work_unit(self, node: Any) -> None:
        elsewhere = {group for other in self.nodes if other is not node for group in self._at_work(other)}
        allowed = list(self.workqueue)
        if BUSY in elsewhere:  # one process beside it: the other core is the stack's
            beside = [group for group in allowed if group.startswith(DESK) or computes(group)]
            allowed = [] if len(elsewhere) > 1 else [group for group in beside if computes(group)] or beside
        elif any(map(uses_stack, elsewhere)):
            allowed = [group for group in allowed if group != CLUSTER]
        if allowed:
            self.workqueue.move_to_end(min(allowed), last=False)
            super()._assign_work_unit(node)

    def _at_work(self, node: Any) -> list[str]:
        """The groups that a process is at; its last test waits until it is given another, or none is left."""
        work = self.assigned_work[node]
        return [group for group in work if self._pending_of({group: work[group]})] if self._pending_of(work) > 1 else []

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Whoever waited for the end of those may go on."""
        super().mark_test_complete(node, item_index, duration)
        for other in self.nodes:
            if other is not node:
                self._reschedule(other)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Its own loadgroup does not see the marks of pytest 9.2."""
    return Groups(config, log)


def gives_way(nodeid: str) -> bool:
    """Whether the test is about no Compose stack."""
    return not re.search(r"^tests/(e2e|faults)/|\[(.*-)?stack(-.*)?\]", nodeid)


def uses_stack(group: str) -> bool:
    """Whether it needs the machine, or at least its own part of it."""
    return group.startswith((BUSY, WAITING, CALM, OTHERS))


def about(names: str, module: str) -> bool:
    """Whether a module of faults has one of the names."""
    return bool(re.search(rf"^tests/faults/test_({names})\.", module))


def computes(nodeid: str) -> bool:
    """Whether the test starts nothing that is held to seconds."""
    return nodeid.startswith(("tests/unit/", "tests/lint/"))


def own_stack(nodeid: str) -> bool:
    """Whether the test starts stacks of its own, and uses the shared one not at all."""
    return not gives_way(nodeid) and bool(re.search(OWN_STACK, nodeid.partition("::")[0]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes that share two cores: no timing decides alone, so a second try; none where data went wrong."""
    for item in items:
        if os.environ.get("CI") and not computes(item.nodeid):
            item.add_marker(pytest.mark.flaky(reruns=1, rerun_except=WENT_WRONG))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside other tests, those without a stack give way to them; root alone could take its priority back."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, 19 if gives_way(item.nodeid) else 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure is told with what the stack complained of meanwhile."""
    report = yield
    stacks = {id(value): value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack | Swarm)}
    if report.failed:
        report.sections += [(f"complaints of {s.project}", s.complaints(call.start - 5)) for s in stacks.values()]
    return report


@pytest.fixture(scope="session")
def fault_seconds(request: pytest.FixtureRequest) -> float:
    """How long a pause or a cut lasts: longer than a worker may be silent."""
    return 20.0 if request.config.getoption("--long") else 9.0


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """./run.sh, running."""
    with Embedded(tmp_path_factory.mktemp("embedded")) as running:
        yield running


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """docker compose up -d, running."""
    need(docker_missing())
    test = os.environ["PYTEST_CURRENT_TEST"]
    assert not own_stack(test), f"{test} runs beside the tests of the shared stack and would tear it down"
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    with Stack(f"abacus-test{process}", TASK_SECONDS=request.config.getoption("--task-seconds")) as running:
        yield running


@pytest.fixture(scope="session")
def flask_stack() -> Iterator[FlaskStack]:
    """flask-rabbitmq/, running."""
    need(docker_missing())
    with FlaskStack() as running:
        yield running


@pytest.fixture(scope="session", params=["embedded", "stack"])
def site(request: pytest.FixtureRequest) -> str:
    """The address of each running stack in turn."""
    url: str = request.getfixturevalue(request.param).url
    return url
