"""Stop strings: which one ended a text, and the rest of the token that completed it."""

from collections.abc import Sequence
from functools import lru_cache

from astro.models.token_text import TokenText
from astro.models.tokenizer import Tokenizer


def first_stop(text: str, stop: Sequence[str]) -> tuple[str, int] | None:
    """The stop string that ends first in text, and the offset just after it. On a tie, the first one listed."""
    ends = [(found + len(string), string) for string in stop if (found := text.find(string)) >= 0]
    if not ends:
        return None
    end = min(end for end, _ in ends)
    return next(string for at, string in ends if at == end), end


def before_stop(text: str, stop: str | None) -> str:
    """The text before the stop string that ended it, without the rest of the token that completed the string.

    A closing tag such as </answer> belongs to the text and is kept.
    """
    end = text.rfind(stop) if stop and not stop.startswith("</") else -1
    return text if end < 0 else text[:end]


class StopTail:
    """Restores the text that an engine cut off after a stop string.

    Engines keep the whole token that completed the stop string, but not its text after the string. Prompts are built
    from token ids, so Completion.text must be the text of Completion.token_ids.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._texts = TokenText(tokenizer)
        self._may_continue = lru_cache(maxsize=4096)(self._completes_stop_early)

    def restore(self, text: str, token_ids: Sequence[int], stop: str) -> str:
        """The text of all token_ids. text ends with the stop string, which the last token completed."""
        if not self._may_continue(token_ids[-1], stop):
            return text
        whole = self._texts.of(token_ids)
        return whole if whole.startswith(text) else text

    def _completes_stop_early(self, token: int, stop: str) -> bool:
        """Whether the stop string can end inside this token, before the token's end, after some preceding text."""
        piece = self._texts.piece(token)
        return any(piece[:end].endswith(stop) or stop.endswith(piece[:end]) for end in range(1, len(piece)))
