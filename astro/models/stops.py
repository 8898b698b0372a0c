"""Stop strings: which one ended a text, and what follows it inside the token that completed it."""

from collections.abc import Sequence
from functools import lru_cache

from astro.models.token_text import TokenText
from astro.models.tokenizer import Tokenizer


def first_stop(text: str, stop: Sequence[str]) -> tuple[str, int] | None:
    """The stop string that completes first in text, and the offset just after it; on a tie the first listed."""
    ends = [(found + len(string), string) for string in stop if (found := text.find(string)) >= 0]
    if not ends:
        return None
    end = min(end for end, _ in ends)
    return next(string for at, string in ends if at == end), end


def before_stop(text: str, stop: str | None) -> str:
    """The text before the string that ended it; what else its last token held goes with the string.

    A closing tag such as </answer> is part of what it closes, and stays.
    """
    end = text.rfind(stop) if stop and not stop.startswith("</") else -1
    return text if end < 0 else text[:end]


class StopTail:
    """Puts back the text that an engine cut off after a stop string.

    Engines keep the whole token that completed the stop string, and its text may go on. A prompt is built from token
    ids, so the text must be theirs: Completion.text is the text of Completion.token_ids.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._texts = TokenText(tokenizer)
        self._may_go_on = lru_cache(maxsize=4096)(self._completes_stop_early)

    def restore(self, text: str, token_ids: Sequence[int], stop: str) -> str:
        """The text of all token_ids, given the text up to the end of the stop string; the last token completed it."""
        if not self._may_go_on(token_ids[-1], stop):
            return text
        whole = self._texts.of(token_ids)
        return whole if whole.startswith(text) else text

    def _completes_stop_early(self, token: int, stop: str) -> bool:
        """Whether some text before this token makes the stop string end inside it, not at its end."""
        piece = self._texts.piece(token)
        return any(piece[:end].endswith(stop) or stop.endswith(piece[:end]) for end in range(1, len(piece)))
