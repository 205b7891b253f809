"""A skipped test proves nothing: `make test` allows the skips that are listed here, and any other one fails the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from plip_tutorial.sources import slides

settings.register_profile("no clock", deadline=None)  # a busy machine is no fault
settings.load_profile("no clock")

collect_ignore_glob = ["*conftest.py"]  # three files of one name, with fixtures and no examples to run

ALLOWED = (
    "beside",  # the real pictures and the shared facts lie outside of the repository
    "Chromium",  # of the machine; `.ci/run` installs it where it can
    "Ray could not start",  # on a machine that is too busy
    "rights of POSIX",
    "slide cannot be had",  # on a machine without network, index and cache
)


@pytest.fixture(scope="session")
def real_file() -> Path:
    """The real slide, where it can be had."""
    try:
        return slides.small_region()
    except slides.SlideFetchError as error:
        pytest.skip(f"the real slide cannot be had: {error}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-other-skips", action="store_true", help="fail when a test is skipped that need not be")


def _others(config: pytest.Config) -> list[str]:
    """The skips that are not allowed: where, and why."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not config.getoption("--no-other-skips"):  # a worker reports to the first process
        return []
    told = [
        f"{report.nodeid}: {report.longrepr[2]}"
        for report in reporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    ]
    return sorted({line for line in told if not any(words in line.split(": ", 1)[1] for words in ALLOWED)})


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _others(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _others(terminalreporter.config):
        terminalreporter.write_line(f"SKIPPED, and tests/conftest.py does not allow it: {line}", red=True)
