"""Trees and traces of scripted models, as the tests of traces make them."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from astro.traces import TraceOutcome
from astro.verify import Verifier

sys.path.append(str(Path(__file__).parents[1] / "traces"))

from making import run_make_traces


@pytest.fixture(scope="session")
def verifier() -> Iterator[Verifier]:
    """One verifier for all tests."""
    shared = Verifier()
    yield shared
    shared.close()


@pytest.fixture
def make(verifier: Verifier) -> Callable[..., TraceOutcome]:
    """make_traces on a scripted model: make(tree, model, **settings that differ from the tiny ones)."""
    return partial(run_make_traces, verifier)
