"""What was not run is told in one line per reason, however many tests it concerns; and why a second try was needed."""

from collections import Counter

import pytest
from _pytest.terminal import TerminalReporter


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why the test was skipped."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Before pytest's own last line."""
    reasons = Counter(map(reason, terminalreporter.stats.get("skipped", [])))
    if reasons:
        terminalreporter.section("skipped, by reason")
    for text, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {text}")
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first try of {report.nodeid}")
        errors = [line for line in report.longreprtext.splitlines() if line.startswith("E  ")]
        terminalreporter.write_line("\n".join(errors[:20]))
