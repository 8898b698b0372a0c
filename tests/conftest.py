"""Settings of the whole suite: the same examples on every machine, and an order that keeps two workers busy."""

import os

import pytest
from hypothesis import settings

# CI and contributors draw fixed examples; `HYPOTHESIS_PROFILE=explore make test` draws new ones, ten times as many.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

# A worker takes whole files (--dist loadfile). The longest come first, so that the workers end together.
_LONGEST = ("test_training.py", "test_cli.py", "test_pretrain.py", "test_dpo.py", "test_evaluate.py", "test_ray.py")
_LONGEST_WITH_ENGINE = ("test_readme.py", "test_endings.py", "test_openai_vllm.py", "test_embedded_model.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file: those with the real engine last, because it stays loaded in its worker."""
    with_engine = {item.path for item in items if item.get_closest_marker("engine")}

    def place(item: pytest.Item) -> tuple[bool, int]:
        engine = item.path in with_engine
        order = _LONGEST_WITH_ENGINE if engine else _LONGEST
        return engine, order.index(item.path.name) if item.path.name in order else len(order)

    items.sort(key=place)
