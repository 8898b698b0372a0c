import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_benchmark_prints_one_object(monkeypatch, capsys):
    """The time split of a step adds up, and the speed-up is the ratio of two rates over the same number of tokens."""
    pytest.importorskip("vllm")
    monkeypatch.syspath_prepend(BENCHMARKS)
    arguments = ["--prompts", "4", "--tokens", "160", "--steps", "1", "--rounds", "1", "--json"]
    monkeypatch.setattr(sys, "argv", ["grpo.py", *arguments])
    importlib.import_module("grpo").main()
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    parts = sum(figures[part] for part in ("generation", "weights", "reward", "update"))
    assert figures["step_seconds"] == pytest.approx(parts, abs=0.01)
    ratio = figures["engine_tokens_per_second"] / figures["transformers_tokens_per_second"]
    assert figures["generation_speedup"] == pytest.approx(ratio, abs=0.01)
    assert figures["completions"] == 32
    assert figures["engine_tokens"] == figures["transformers_tokens"] == 32 * 160
    assert figures["engine_tokens_ended"] < 32 * 160
