"""Settings of the whole suite: the same examples on every machine, so that a run that passed passes again."""

import os

from hypothesis import settings

# CI and contributors draw fixed examples; `HYPOTHESIS_PROFILE=explore make test` draws new ones, ten times as many.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
