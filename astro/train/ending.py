"""The token that ends the model's turn: what training teaches, and what every checkpoint stops at.

Base models stop at another token than their chat template writes (Qwen2.5, Qwen3 and Yi: <|endoftext|> and <|im_end|>).
Trained on turns, such a model ends them as the template does, so its files have to name that token.
"""

from typing import Any

from astro.errors import ConfigError
from astro.models.prompt_settings import PromptStyle
from astro.models.tokenizer import turn_end


def end_token(tokenizer: Any, style: PromptStyle) -> int:
    """The end of the model's turn: the token that the chat template writes there, or the end-of-sequence token.

    Raises ConfigError if there is neither, because the model would never learn to stop.
    """
    end = turn_end(tokenizer) if style is PromptStyle.CHAT else None
    if end is None:
        end = tokenizer.eos_token_id
    if end is None:
        raise ConfigError("the model's tokenizer has no end-of-sequence token, so the model could not learn to stop")
    return int(end)


def make_end(tokenizer: Any, end: int) -> bool:
    """Make a token the end of sequence of a tokenizer, with which checkpoints are saved; returns whether it was not.

    The trainer copies it to the model's config and generation_config; the latter keeps the ends that it has.
    """
    if end == tokenizer.eos_token_id:
        return False
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end)
    return True


def name_ends(model: Any, tokenizer: Any) -> None:
    """Copy the special tokens of a tokenizer to the config and generation_config of a model that no trainer saves."""
    from transformers.trainer_utils import align_special_tokens  # noqa: PLC0415 - heavy

    align_special_tokens(model, tokenizer)
