"""The tokenizer interface that ASTRO needs, and a lossless byte tokenizer for scripted models."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jinja2 import TemplateError

from astro.models.model_folder import loading
from astro.models.template_trial import try_template
from astro.trust import Trust, trusted

_TEMPLATE_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
                    RecursionError, MemoryError)  # fmt: skip
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
    """Load the Hugging Face tokenizer of a folder or a hub name.

    Raises ConfigError if transformers cannot, or if its chat template has no end.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415 - heavy

    # transformers prefers Mistral's own tokenizer, which has no chat template and encodes no control tokens.
    with loading(f"transformers could not load the tokenizer of {model}"):
        own_code = trusted(Trust.REMOTE_CODE)  # None would ask at the terminal
        tokenizer = AutoTokenizer.from_pretrained(model, mistral_format=False, trust_remote_code=own_code)
    try_chat_template(tokenizer, model)
    return tokenizer


def try_chat_template(tokenizer: Any, model: str) -> None:
    """Raise ConfigError if the tokenizer has a chat template that takes too long, or too much, to render."""
    template = getattr(tokenizer, "chat_template", None)  # Mistral's tokenizer does not have the attribute
    for source in template.values() if isinstance(template, Mapping) else [template]:
        if isinstance(source, str):
            try_template(source, f"the chat template of {model}")


def turn_end(tokenizer: Any) -> int | None:
    """The special token that the chat template writes after an assistant's turn, or None if it writes none.

    It need not be the end-of-sequence token: base models such as Qwen2.5 stop at <|endoftext|>, and their template ends
    a turn with <|im_end|>.
    """
    added = getattr(tokenizer, "added_tokens_decoder", {})
    special = {*tokenizer.all_special_ids, *(token for token, written in added.items() if written.special)}
    after = tokenizer.encode(_after_turn(tokenizer), add_special_tokens=False)
    return next((token for token in after if token in special), None)


def _after_turn(tokenizer: Any) -> str:
    """The text that the chat template writes after an assistant's turn; empty if it cannot render the turn."""
    if not getattr(tokenizer, "chat_template", None):  # Mistral's tokenizer does not have the attribute
        return ""
    said = "The answer is here."
    for content in (str, _as_parts):
        turns = [{"role": "user", "content": content("Why?")}, {"role": "assistant", "content": content(said)}]
        try:
            text = str(tokenizer.apply_chat_template(turns, tokenize=False))
        except _TEMPLATE_ERRORS:
            continue
        if said in text:
            return text.rpartition(said)[2]
    return ""


def _as_parts(text: str) -> list[dict[str, str]]:
    """A turn's content as models that also see images expect it."""
    return [{"type": "text", "text": text}]


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
