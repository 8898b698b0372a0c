"""Control tokens that a problem's or a model's text spells out: those of chat templates, and a tokenizer's own."""

import re
from typing import Any

# Markers of turns, thoughts and documents in the templates of the main model families.
_CONTROL = re.compile(
    r"<[|\uff5c][^<>|\uff5c\n]{1,60}[|\uff5c]>|</?s>|<(?:bos|eos|pad|unk|mask|unused\d{1,9}|extra_id_\d{1,9})>|"
    r"<\|\w{2,30}>|<\w{2,30}\|>|"  # Gemma 4
    r"</?think>|<(?:start|end)_of_(?:turn|image|utterance)>|</?tool_(?:call|response)>|<</?SYS>>|"
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK)\]",
    re.IGNORECASE,
)

_MARKER = re.compile(r"<\S+>|\[\S+\]|\|\S+\|")
_ROUNDS = 3


def has_control(text: str) -> bool:
    """Whether the text spells a control token of some chat template."""
    return _CONTROL.search(text) is not None


def inert(text: str, own: re.Pattern[str] | None = None) -> str:
    """The text with a space inside every control token; otherwise unchanged.

    own: own_tokens() of the tokenizer that will encode the text, where it is known.
    """
    for pattern in (_CONTROL, own):
        for _ in range(_ROUNDS):  # breaking a token can form another one
            if pattern is None or pattern.search(text) is None:
                break
            text = pattern.sub(_broken, text)
    return text


def _broken(found: re.Match[str]) -> str:
    return f"{found[0][0]} {found[0][1:]}"


def own_tokens(tokenizer: Any) -> re.Pattern[str] | None:
    """A tokenizer's added tokens that mean more than their text: special ones, and those in the form of a marker."""
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    marks = {str(token) for token in added.values() if token.special or _MARKER.fullmatch(str(token))}
    known = sorted((mark for mark in marks if len(mark) > 1 and mark.strip()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, known))) if known else None
