"""Control tokens of chat templates that a problem's or a model's text spells out."""

import re

# Markers of turns, thoughts and documents in the templates of the main model families.
_CONTROL = re.compile(
    r"<[|\uff5c][^<>|\uff5c\n]{1,60}[|\uff5c]>|</?s>|<(?:bos|eos|pad|unk|mask|unused\d{1,9}|extra_id_\d{1,9})>|"
    r"<\|\w{2,30}>|<\w{2,30}\|>|"  # Gemma 4
    r"</?think>|<(?:start|end)_of_(?:turn|image|utterance)>|</?tool_(?:call|response)>|<</?SYS>>|"
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK)\]",
    re.IGNORECASE,
)


def has_control(text: str) -> bool:
    """Whether the text spells a control token of some chat template."""
    return _CONTROL.search(text) is not None


def inert(text: str) -> str:
    """The text with a space inside every control token, so that no tokenizer recognizes it; otherwise unchanged."""
    return _CONTROL.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
