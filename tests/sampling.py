"""Exhaustive checks: a fixed sample in every run, the whole in the slow or the long one."""

from __future__ import annotations

import pytest


def sample_and_all(
    name: str, sample: object, whole: object, mark: pytest.MarkDecorator = pytest.mark.slow
) -> pytest.MarkDecorator:
    """Return a parametrization: `sample` for every run, `whole` for tests with a mark.

    Both are values of the test's argument `name`, for instance how many cases it draws.
    """
    return pytest.mark.parametrize(
        name,
        [
            pytest.param(sample, id="sample"),
            pytest.param(whole, id="all", marks=mark),
        ],
    )


def sample_more_and_all(
    name: str, sample: object, more: object, whole: object
) -> pytest.MarkDecorator:
    """Return a parametrization: `sample` for every run, `more` for slow tests, `whole` for long.

    For a whole that takes minutes, of which the slow tests should still see more than every run.
    """
    return pytest.mark.parametrize(
        name,
        [
            pytest.param(sample, id="sample"),
            pytest.param(more, id="more", marks=pytest.mark.slow),
            pytest.param(whole, id="all", marks=pytest.mark.long),
        ],
    )
