"""The text of tokens in the middle of a text."""

from collections.abc import Sequence

from astro.models.tokenizer import Tokenizer


class TokenText:
    """Decodes tokens as they read after other tokens. Special tokens have no text.

    Some tokenizers drop a leading space, so tokens are decoded after an anchor token, whose text is then removed.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._anchor = tokenizer.encode("a", add_special_tokens=False)[-1]
        self._anchor_length = len(tokenizer.decode([self._anchor], skip_special_tokens=True))
        self._pieces: dict[int, str] = {}

    def of(self, token_ids: Sequence[int]) -> str:
        """The text of consecutive tokens; an incomplete character is U+FFFD."""
        return self._tokenizer.decode([self._anchor, *token_ids], skip_special_tokens=True)[self._anchor_length :]

    def piece(self, token: int) -> str:
        """The text of one token (cached)."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self.of([token])
        return piece
