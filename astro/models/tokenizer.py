"""What ASTRO asks of a tokenizer, and a lossless one without a vocabulary file for scripted models."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

END_OF_TURN = 256
USER_MARK, ASSISTANT_MARK, SYSTEM_MARK = "<|user|>\n", "<|assistant|>\n", "<|system|>\n"
_MARKS = {"user": USER_MARK, "assistant": ASSISTANT_MARK, "system": SYSTEM_MARK}


class Tokenizer(Protocol):
    """The part of a Hugging Face tokenizer that is used here."""

    @property
    def chat_template(self) -> Any:
        """The Jinja source of the model's own template, or None for a base model."""

    @property
    def bos_token(self) -> str | None:
        """The text of the beginning-of-sequence token."""

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """Tokenize; with add_special_tokens the tokenizer's own BOS and EOS habits apply."""

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of token ids."""

    def apply_chat_template(self, conversation: Sequence[Mapping[str, Any]], **options: Any) -> Any:
        """Render a conversation by the model's template."""


def hf_tokenizer(model: str) -> Any:
    """The Hugging Face tokenizer of a model's folder or name on the hub; raises what transformers does."""
    from transformers import AutoTokenizer  # noqa: PLC0415 - heavy

    # Mistral's own, which transformers prefers, has no chat template and encodes no control token.
    return AutoTokenizer.from_pretrained(model, mistral_format=False)


class ByteTokenizer:
    """UTF-8 bytes as token ids 0-255, and END_OF_TURN = 256, which has no text.

    decode(encode(text)) == text for every text that can be written as UTF-8. The chat form is a mark a turn.
    """

    chat_template = "bytes"
    bos_token = None
    eos_token_id = END_OF_TURN

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """One id a byte; there are no special tokens to add."""
        del add_special_tokens
        return list(text.encode("utf-8"))

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of the ids; an incomplete character becomes U+FFFD."""
        del skip_special_tokens
        return bytes(token for token in token_ids if token != END_OF_TURN).decode("utf-8", errors="replace")

    def apply_chat_template(self, conversation: Sequence[Mapping[str, Any]], **options: Any) -> str:
        """The conversation as text, a mark before each turn; options other than add_generation_prompt are ignored."""
        turns = "".join(f"{_MARKS[turn['role']]}{turn['content']}\n" for turn in conversation)
        return turns + ASSISTANT_MARK if options.get("add_generation_prompt") else turns
