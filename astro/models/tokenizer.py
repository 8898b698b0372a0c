"""The tokenizer interface that ASTRO needs, and a lossless byte tokenizer for scripted models."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from astro.models.model_folder import loading

END_OF_TURN = 256
USER_MARK, ASSISTANT_MARK, SYSTEM_MARK = "<|user|>\n", "<|assistant|>\n", "<|system|>\n"
_MARKS = {"user": USER_MARK, "assistant": ASSISTANT_MARK, "system": SYSTEM_MARK}


class Tokenizer(Protocol):
    """The part of a Hugging Face tokenizer that ASTRO uses."""

    @property
    def chat_template(self) -> Any:
        """The Jinja source of the model's chat template, or None for a base model."""

    @property
    def bos_token(self) -> str | None:
        """The text of the beginning-of-sequence token."""

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """Tokenize. With add_special_tokens, the tokenizer adds BOS and EOS as it is configured to."""

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of token ids."""

    def apply_chat_template(self, conversation: Sequence[Mapping[str, Any]], **options: Any) -> Any:
        """Render a conversation with the model's chat template."""


def hf_tokenizer(model: str) -> Any:
    """Load the Hugging Face tokenizer of a folder or a hub name. Raises ConfigError if transformers cannot."""
    from transformers import AutoTokenizer  # noqa: PLC0415 - heavy

    # transformers prefers Mistral's own tokenizer, which has no chat template and encodes no control tokens.
    with loading(f"transformers could not load the tokenizer of {model}"):
        return AutoTokenizer.from_pretrained(model, mistral_format=False)


class ByteTokenizer:
    """UTF-8 bytes as token ids 0-255, and END_OF_TURN = 256, which has no text.

    decode(encode(text)) == text for every text that can be written as UTF-8. The chat template puts a mark before each
    turn.
    """

    chat_template = "bytes"
    bos_token = None
    eos_token_id = END_OF_TURN

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """One id per byte; the tokenizer has no special tokens to add."""
        del add_special_tokens
        return list(text.encode("utf-8"))

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        """The text of the ids; an incomplete character becomes U+FFFD."""
        del skip_special_tokens
        return bytes(token for token in token_ids if token != END_OF_TURN).decode("utf-8", errors="replace")

    def apply_chat_template(self, conversation: Sequence[Mapping[str, Any]], **options: Any) -> str:
        """The conversation as text, with a mark before each turn. Ignores options except add_generation_prompt."""
        turns = "".join(f"{_MARKS[turn['role']]}{turn['content']}\n" for turn in conversation)
        return turns + ASSISTANT_MARK if options.get("add_generation_prompt") else turns
