"""What a configuration may not do by itself: run code or unpickle weights that come with a model, and hold secrets.

A configuration travels, so the permission comes from the environment of the person who starts the command:
ASTRO_TRUST=remote-code, ASTRO_TRUST=pickled-weights, or both, separated by a comma.
"""

import os
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

VARIABLE = "ASTRO_TRUST"


class Trust(StrEnum):
    """What can be permitted."""

    REMOTE_CODE = "remote-code"  # Python files beside the weights are run
    PICKLED_WEIGHTS = "pickled-weights"  # weights in pickle files, which can run code when they are loaded


def trusted(what: Trust) -> bool:
    """Whether the environment permits it."""
    return what in {part.strip() for part in os.environ.get(VARIABLE, "").split(",")}


def how_to_permit(what: Trust) -> str:
    """The words for a message that refuses it."""
    return f"if you trust the model's author, start the command with {VARIABLE}={what}"


def untrusted_settings(content: Any, at: str = "") -> Iterator[str]:
    """One line for each setting, at any depth, that asks for what the environment does not permit."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            place = f"{at}{key}"
            if key == "trust_remote_code" and value is not False and not trusted(Trust.REMOTE_CODE):
                yield f"{place}: a configuration cannot permit a model to run code; {how_to_permit(Trust.REMOTE_CODE)}"
            if isinstance(value, str) and value and _SECRET.fullmatch(str(key)):
                yield f"{place}: a run saves its configuration, so it must hold no secret; set it in the environment"
            asks = (key == "use_safetensors" and value is False) or (key == "load_format" and value in _PICKLED)
            if asks and not trusted(Trust.PICKLED_WEIGHTS):
                yield f"{place}: pickled weights can run code; {how_to_permit(Trust.PICKLED_WEIGHTS)}"
            yield from untrusted_settings(value, f"{place}.")
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from untrusted_settings(value, f"{at}{number}.")


_SECRET = re.compile(r"(?:hf|hub|access|auth|bearer)_token|(?:\w+_)?api_key|(?:\w+_)?password|(?:\w+_)?secret")
_PICKLED = frozenset({"pt", "npcache"})
