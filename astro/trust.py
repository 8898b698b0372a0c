"""What a configuration may not do by itself: run code or unpickle weights that come with a model, and hold secrets.

A configuration travels, so the permission comes from the environment of the person who starts the command:
ASTRO_TRUST=remote-code, ASTRO_TRUST=pickled-weights, or both, separated by a comma.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
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


def untrusted_settings(content: Any) -> Iterator[str]:
    """One line for each setting, at any depth, that asks for what the environment does not permit, or is a secret."""
    held = {text for name, text in os.environ.items() if _is_secret_name(name) and len(text) >= _SHORTEST}
    for place, key, value in _settings(content):
        if key == "trust_remote_code" and value is not False and not trusted(Trust.REMOTE_CODE):
            yield f"{place}: a configuration cannot permit a model to run code; {how_to_permit(Trust.REMOTE_CODE)}"
        asks = (key == "use_safetensors" and value is False) or (key == "load_format" and value in _PICKLED)
        if asks and not trusted(Trust.PICKLED_WEIGHTS):
            yield f"{place}: pickled weights can run code; {how_to_permit(Trust.PICKLED_WEIGHTS)}"
        if isinstance(value, str) and value and (_is_secret_name(key) or _is_secret(value, held)):
            yield f"{place}: a run saves its configuration, so it must hold no secret; set it in the environment"


def _settings(content: Any, at: str = "") -> Iterator[tuple[str, str, Any]]:
    """The place, the last key and the value of everything in plain data."""
    pairs = content.items() if isinstance(content, Mapping) else enumerate(content) if isinstance(content, list) else ()
    for key, value in pairs:
        yield f"{at}{key}", str(key), value
        yield from _settings(value, f"{at}{key}.")


def _is_secret_name(name: str) -> bool:
    return _SECRET.fullmatch(_CAMEL.sub("_", name).lower().replace("-", "_")) is not None


def _is_secret(value: str, held: Collection[str]) -> bool:
    """Whether a value is written like a key of a known service, or holds a secret of the environment."""
    return _KEY.search(value) is not None or any(text in value for text in held)


_SECRET = re.compile(
    r"(?:\w+_)?(?:api_?key|access_key|secret_key|private_key|password|passwd|secret|credentials?|authorization)(?:_id)?|"
    r"(?:\w+_)?(?:hf|hub|access|auth|bearer|refresh|session|api)_token|token"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|gh[opsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|"
    r"AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35})|\bBearer\s+[\w.~+/-]{16,}|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_SHORTEST = 12  # characters of a value of the environment that is looked for; shorter ones stand in many texts
_PICKLED = frozenset({"pt", "npcache"})
