"""Exhaustive checks: a fixed sample of each in every run, the whole of it in the slow one."""

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
