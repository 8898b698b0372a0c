"""Everything make_traces needs, without a language model's weights."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from making import run_make_traces

from astro.tasks import make_verifier
from astro.traces import TraceOutcome
from astro.verify import Verifier


@pytest.fixture(scope="session")
def verifier() -> Iterator[Verifier]:
    """One verifier for all tests."""
    shared = make_verifier()
    yield shared
    shared.close()


@pytest.fixture
def make(verifier: Verifier) -> Callable[..., TraceOutcome]:
    """make_traces on a scripted model: make(tree, model, **settings that differ from the tiny ones)."""
    return partial(run_make_traces, verifier)
