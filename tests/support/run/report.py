"""The summary at the end of a run: suites, engines, what was skipped and why, and the one line that counts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.support.run.processes import Result


def _suite_lines(results: Sequence[Result]) -> Iterator[str]:
    width = max((len(result.suite.title) for result in results), default=5)
    yield f"{'suite':<{width}}  {'passed':>6}  {'failed':>6}  {'skipped':>7}  {'seconds':>7}"
    for result in results:
        counts = f"{result.passed:>6}  {result.failed:>6}  {len(result.skips):>7}  {result.seconds:>7.0f}"
        yield f"{result.suite.title:<{width}}  {counts}  {result.problem}".rstrip()


def _engine_lines(versions: Mapping[str, str]) -> Iterator[str]:
    for name, version in versions.items():
        yield f"{name} {version}".strip()
    if not versions:
        yield "none was started"


def _skip_lines(results: Sequence[Result]) -> Iterator[str]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for result in results:
        for test, reason in result.skips:
            reasons[reason].append(f"{test} [{result.suite.title}]")
    for reason, tests in reasons.items():
        yield f"{len(tests)} × {reason}: {tests[0]}{' …' if len(tests) > 1 else ''}"
    if not reasons:
        yield "nothing"


def last_line(results: Iterable[Result], problems: Sequence[str] = ()) -> str:
    """`N passed, N failed, N skipped`; a problem of the run itself counts as a failure."""
    found = list(results)
    passed, failed = sum(result.passed for result in found), sum(result.failed for result in found)
    skipped = sum(len(result.skips) for result in found)
    return f"{passed} passed, {failed + len(problems)} failed, {skipped} skipped"


def summary(results: Sequence[Result], versions: Mapping[str, str], problems: Sequence[str]) -> str:
    """The whole summary as text. `versions`: by engine, as read from it while it ran. `problems`: sentences
    about the run itself."""
    lines = ["", "═══ Summary ═══", *_suite_lines(results)]
    lines += ["", "Engines, as they say themselves:", *_engine_lines(versions)]
    lines += ["", "Skipped:", *_skip_lines(results)]
    lines += ["", *(f"Wrong with the run: {problem}" for problem in problems)]
    return "\n".join([*lines, last_line(results, problems)])
