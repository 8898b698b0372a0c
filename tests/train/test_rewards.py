"""Reward functions in TRL's signature."""

import json

import pytest

from astro.train.rewards import correctness_reward, format_reward, token_f1_reward, unit_tests_reward


def chat(text):
    return [{"role": "assistant", "content": text}]


def test_correctness_takes_texts_and_conversations():
    """A right answer earns 1 and a wrong one 0, as a text or as a conversation."""
    columns = {"answer": ["4", "4", "4"], "task": ["math"] * 3, "id": ["a", "a", "a"]}
    completions = [r"\boxed{4}", r"\boxed{5}", "no idea"]
    assert correctness_reward(["2+2?"] * 3, completions, None, **columns) == [1.0, 0.0, 0.0]
    prompts = [[{"role": "user", "content": "2+2?"}]] * 3
    assert correctness_reward(prompts, [chat(text) for text in completions], [[1]] * 3, **columns) == [1.0, 0.0, 0.0]


def test_correctness_uses_the_metadata():
    """Facts of the problem arrive as JSON text, the way Parquet keeps them."""
    facts = json.dumps({"numbers": [3, 5, 7], "target": 22})
    columns = {"answer": ["22"] * 2, "task": ["countdown"] * 2, "metadata": [facts] * 2}
    assert correctness_reward(["?"] * 2, [r"\boxed{3*5+7}", r"\boxed{22}"], **columns) == [1.0, 0.0]


def test_unusable_gold_gives_no_reward():
    """Where the gold answer cannot be used the example is left out, never rewarded."""
    assert correctness_reward(["?"], [r"\boxed{A}"], answer=["Z)("], task=["mcq"]) == [None]


def test_format():
    """A final answer in its place earns 1; none, an open box, or two different ones earn 0."""
    completions = [r"so \boxed{4}", "four", r"so \boxed{4", r"\boxed{4} or \boxed{5}"]
    assert format_reward(["?"] * 4, completions) == [1.0, 0.0, 0.0, 0.0]


def test_format_of_a_program():
    """A program's place is a closed code block."""
    completions = ["```python\nx = 1\n```", "```python\nx = 1\n", "x"]
    assert format_reward(["?"] * 3, completions, task=["code"] * 3) == [1.0, 0.0, 0.0]


def test_token_f1():
    """Two of three tokens of three shared: precision 2/2, recall 2/3, F1 = 4/5; other tasks have none."""
    columns = {"answer": ['["New York City", "NYC"]', '["Paris"]', "4"], "task": ["qa", "qa", "math"]}
    completions = ["<answer>New York</answer>", "<answer>Paris London Rome Oslo</answer>", r"\boxed{4}"]
    assert token_f1_reward(["?"] * 3, completions, **columns) == [pytest.approx(4 / 5), 0.0, None]


def test_share_of_unit_tests():
    """Two of four tests pass: one half; other tasks have none."""
    tests = json.dumps([f"assert f({n}) == {n}" for n in (0, 1)] + [f"assert f({n}) == -{n}" for n in (2, 3)])
    program = "```python\ndef f(n):\n    return n\n```"
    columns = {"answer": [tests, "4"], "task": ["code", "math"], "metadata": [{"entry_point": "f"}, {}]}
    assert unit_tests_reward(["?"] * 2, [program, "4"], **columns) == [0.5, None]
