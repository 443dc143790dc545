"""What all tests share: the reference library, and no silent skip in CI.

Locally a test that lacks a tool or a folder is skipped with the reason. With CI=true the same lack is a
failure, so a green run means that everything ran; only a skip whose reason starts with "platform:" stays.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from pytwin import _core
from pytwin.verify.library import reference_dir

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
CHECKOUT = Path(__file__).resolve().parents[1]
NO_REFERENCE = "the reference library is missing: set PYTWIN_REFERENCE or use --reference"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reference", default=None, help="folder of the reference library")


def _reference(config: pytest.Config) -> Path | None:
    explicit = config.getoption("--reference")
    beside = CHECKOUT.parent / "shared" / "reference"
    return reference_dir(explicit) or (beside if beside.is_dir() else None)


def pytest_configure(config: pytest.Config) -> None:
    # Tests of an installed wheel, and what they start, find the library beside the checkout too.
    if found := _reference(config):
        os.environ["PYTWIN_REFERENCE"] = str(found)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("reference") and _reference(item.config) is None:
        pytest.skip(NO_REFERENCE)


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not IN_CI or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    if "platform:" not in reason:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.fixture(scope="session")
def reference(request: pytest.FixtureRequest) -> Path:
    """The reference library; its lack skips the test (in CI: fails it)."""
    found = _reference(request.config)
    if found is None:
        pytest.skip(NO_REFERENCE)
    return found


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the source checkout that these tests are part of."""
    return CHECKOUT


@pytest.fixture
def failed_allocations() -> Callable[[Callable[[], object]], int]:
    """Makes the first, second, ... allocation of a call fail until it runs through, and counts them.

    Each failure is a MemoryError that leaves nothing behind.
    """

    def count(call: Callable[[], object]) -> int:
        gc.collect()  # models of earlier tests
        held = _core._alloc_live()
        for nth in range(1, 1000):
            _core._alloc_fail_at(nth)
            try:
                call()
            except MemoryError:
                assert _core._alloc_live() == held, f"allocation {nth} failed and left blocks behind"
                continue
            finally:
                _core._alloc_fail_at(0)
            return nth - 1
        pytest.fail("a thousand allocations in so small a call")

    return count


@pytest.fixture
def no_leak() -> Iterator[None]:
    """The core holds as many blocks after the test as before, and no failure is left armed."""
    gc.collect()  # models of earlier tests
    before = _core._alloc_live()
    yield
    _core._alloc_fail_at(0)
    gc.collect()
    assert _core._alloc_live() == before
