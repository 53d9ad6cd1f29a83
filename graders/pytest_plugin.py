"""The same verdicts as test items: `pytest --submission FILE --unit UNIT`.

The submission runs in the sandbox as ever; pytest neither imports it nor looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from graders.verdict import Report, Result


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--submission` and `--unit`."""
    group = parser.getgroup("backcheck")
    group.addoption("--submission", metavar="FILE", help="Grade this submission; every property is a test item.")
    group.addoption("--unit", metavar="UNIT", help="The unit it was written for, such as 03-backprop.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> object:
    """With `--submission`, its verdicts are all that is collected."""
    path = session.config.getoption("--submission")
    if path is None:
        return None
    collector = Submission.from_parent(session, path=Path(path).resolve(), name=Path(path).name)
    session.items = list(collector.collect())
    session.config.hook.pytest_collection_modifyitems(session=session, config=session.config, items=session.items)
    session.config.hook.pytest_collection_finish(session=session)
    session.testscollected = len(session.items)
    return True


class Submission(pytest.File):
    """A graded submission."""

    def collect(self) -> Iterator[Verdict]:
        """One item a property, in the order of the report."""
        report = self._graded()
        if report.problem:
            raise pytest.UsageError(f"{self.path.name}: {report.problem}")
        for result in report.results:
            yield Verdict.from_parent(self, name=f"{result.task}[{result.property}]", result=result)

    def _graded(self) -> Report:
        from graders.batch import Grader, Setting
        from graders.sandbox import SandboxUnavailable
        from graders.sandbox.program import Limits
        from graders.secrets import PUBLIC
        from graders.specs import unit_names

        unit = self.config.getoption("--unit")
        numbers = {name: name for name in unit_names()} | {name.split("-")[0]: name for name in unit_names()}
        if unit not in numbers:
            raise pytest.UsageError(f"--unit must be one of {', '.join(unit_names())}, not {unit}")
        try:
            return Grader(Setting(numbers[unit], PUBLIC, "auto", Limits()))(self.path)
        except SandboxUnavailable as reason:
            raise pytest.UsageError(f"no sandbox works here: {reason}") from None


class Lost(Exception):
    """Carries a result that is not a pass out of an item."""


class Verdict(pytest.Item):
    """One property of one task."""

    def __init__(self, *, result: Result, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result

    def runtest(self) -> None:
        """The grading is done: only say how it ended."""
        from graders.verdict import Status

        if self.result.status is Status.SKIPPED:
            pytest.skip(self.result.message)
        if self.result.status is not Status.PASSED:
            raise Lost(self.result.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The message a student would read in any other report."""
        if not isinstance(excinfo.value, Lost):
            return str(super().repr_failure(excinfo, style))
        result = self.result
        lines = [*result.message.splitlines()]
        if result.case:
            lines.append(f"  case:   {result.case}")
        if result.likely:
            lines.append(f"  likely: {result.likely}")
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item belongs: the submission's file."""
        return self.path, None, self.name
