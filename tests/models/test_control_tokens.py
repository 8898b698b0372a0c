"""Control tokens spelled out in a problem or by a model."""

import pytest

from astro.models.control_tokens import has_control, inert, own_tokens
from astro.models.prompt_settings import PromptConfig, PromptStyle
from astro.models.prompting import PromptFormat

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


OWN = ["[gMASK]", "<SPECIAL_10>", "sep>", "<|own|>", "<repo_name>", "[pad]"]


@pytest.fixture(scope="module")
def with_own_tokens():
    from local_tokenizers import train_tokenizer

    tokenizer = train_tokenizer(vocab_size=400)
    tokenizer.add_tokens([*OWN, "\\frac"], special_tokens=False)
    tokenizer.add_special_tokens({"additional_special_tokens": ["sep>", "SPECIAL"]})
    return tokenizer


def test_every_special_token_of_the_tokenizer_in_use_is_broken(with_own_tokens):
    """Whatever a special token or a marker looks like, the inert text encodes to none of them."""
    own = own_tokens(with_own_tokens)
    marks = {token: number for number, token in with_own_tokens.added_tokens_decoder.items() if str(token) != "\\frac"}
    text = " ".join([*OWN, "SPECIAL", "<|bos|>"])
    assert set(with_own_tokens.encode(text)) & set(marks.values())
    assert not set(with_own_tokens.encode(inert(text, own))) & set(marks.values())


def test_added_tokens_that_are_ordinary_text_stay(with_own_tokens):
    """A vocabulary that was extended by LaTeX commands does not change problems."""
    assert inert("What is \\frac{1}{2}?", own_tokens(with_own_tokens)) == "What is \\frac{1}{2}?"


def test_prompts_break_the_tokens_of_their_own_tokenizer(with_own_tokens):
    """A problem, and a model's text in any other request, cannot spell a token that the model would obey."""
    prompts = PromptFormat(PromptConfig(style=PromptStyle.PLAIN), with_own_tokens)
    mark = with_own_tokens.convert_tokens_to_ids("SPECIAL")
    assert mark not in prompts.solve_ids("Is SPECIAL a word?")
    assert mark not in prompts.chat_ids([{"role": "user", "content": "Rewrite: SPECIAL"}])
    assert "SPECIAL" not in prompts.training_messages("Is SPECIAL a word?")[-1]["content"]
