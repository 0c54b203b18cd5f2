"""The frame of the fuzz tests: how many rounds they make, and a seed for each that a failure names.

pytest tests/fuzz                      # a few rounds of each test, as in every run of the tests
pytest tests/fuzz --fuzz 5000          # many
pytest tests/fuzz --fuzz-round 317     # only the round that failed
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from random import Random

import pytest

Rounds = Callable[[int], int]
"""How many rounds to make: what the test asks for, unless `--fuzz` says otherwise."""
Draws = Callable[[int], Iterator[Random]]
"""A source of chance for each round; the same round of the same test always draws the same."""

_ROUND = pytest.StashKey[int]()


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Rounds:
    """`rounds(default)` is how many rounds to make. Use `draws` where each round draws at random."""
    asked = request.config.getoption("--fuzz")
    return lambda default: default if asked is None else int(asked)


@pytest.fixture
def draws(request: pytest.FixtureRequest, rounds: Rounds) -> Draws:
    """Sources of chance, one for each round: call it with how many by default. A failure names its round."""
    only = request.config.getoption("--fuzz-round")

    def drawn(default: int) -> Iterator[Random]:
        for number in range(rounds(default)) if only is None else [int(only)]:
            request.node.stash[_ROUND] = number
            yield Random(f"{request.node.name}/{number}")

    return drawn


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and _ROUND in item.stash:
        report.sections.append(
            ("fuzz", f"round {item.stash[_ROUND]}; repeat it with --fuzz-round {item.stash[_ROUND]}")
        )
    return report
