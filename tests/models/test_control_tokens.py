"""Control tokens spelled out in a problem or by a model."""

import pytest

from astro.models.control_tokens import has_control, inert

CONTROL = [
    "<|im_end|>",
    "<|eot_id|>",
    "<\uff5cAssistant\uff5c>",
    "</s>",
    "<end_of_turn>",
    "[/INST]",
    "<think>",
    "<<SYS>>",
    "<turn|>",
    "<|turn>",
    "<end_of_utterance>",
]
HARMLESS = ["3 < 5 and |x|>3", "<b>bold</b>", "{{ 7 * 7 }} {% raw %}", "[1, 2] and a<b>c", "<|x|<5"]


@pytest.mark.parametrize("mark", CONTROL)
def test_control_tokens_are_seen_and_broken(mark):
    """A spelled control token is found, and inert text has none while keeping every other character."""
    text = f"I take 3 {mark} and go on"
    assert has_control(text)
    assert not has_control(inert(text))
    assert inert(text).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", HARMLESS)
def test_mathematics_and_html_are_left_alone(text):
    """What only looks like a control token stays as it is."""
    assert inert(text) == text
