"""The files of a model in a folder: checked before anything loads them, and errors of the libraries that load them."""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from astro.errors import EXPECTED_ERRORS, ConfigError
from astro.trust import Trust, how_to_permit, trusted

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_MAX_HEADER = 100 << 20  # bytes; the limit of the safetensors library
_MAX_JSON = 256 << 20


def check_files(folder: Path, setting: str) -> None:
    """Raise ConfigError if a file of a model folder is damaged, or its weights are pickled and not permitted.

    Reads the JSON files and the headers of the weights, not the weights.
    """
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{setting}: {folder} has no config.json; give the folder that holds the model's files")
    for name in ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"):
        if (folder / name).is_file():
            _check_json(folder / name, setting)
    weights = sorted(folder.glob("*.safetensors"))
    for file in weights:
        if mistake := _header_mistake(file):
            raise ConfigError(f"{setting}: {file} is damaged: {mistake}; copy or train the model again")
    pickled = sorted(file for pattern in _PICKLED for file in folder.glob(pattern) if file.name != "training_args.bin")
    if pickled and not weights and not trusted(Trust.PICKLED_WEIGHTS):
        raise ConfigError(
            f"{setting}: the weights of {folder} are pickled ({pickled[0].name}), and pickles can run code; convert "
            f"them to safetensors, or, {how_to_permit(Trust.PICKLED_WEIGHTS)}"
        )


def weights_options() -> dict[str, Any]:
    """The options of from_pretrained that keep transformers from unpickling weights, where that is not permitted."""
    return {} if trusted(Trust.PICKLED_WEIGHTS) else {"use_safetensors": True}


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Turn whatever a library raises while it loads the files of a model into a ConfigError.

    what: the words before the error, such as "vllm could not load MODEL".
    """
    try:
        yield
    except EXPECTED_ERRORS:
        raise
    except (Exception, RecursionError, MemoryError) as error:  # a damaged file makes libraries raise anything
        reason = str(error).strip() or type(error).__name__
        named = reason if isinstance(error, OSError | ValueError) else f"{type(error).__name__}: {reason}"
        raise ConfigError(f"{what}: {named[:2000]}") from error


def _check_json(file: Path, setting: str) -> None:
    try:
        if file.stat().st_size > _MAX_JSON:
            raise ConfigError(f"{setting}: {file} has more than {_MAX_JSON >> 20} MiB; it cannot be what its name says")
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{setting}: {file} is damaged: {error}; copy or train the model again") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{setting}: {file} must hold a JSON object, not {type(content).__name__}")


def _header_mistake(file: Path) -> str | None:
    """What is wrong with the header of a safetensors file, or with its length; None if nothing is."""
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = struct.unpack("<Q", stream.read(8))[0]
            if length > min(_MAX_HEADER, size - 8):
                return f"its header claims {length} bytes of {size}"
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (OSError, struct.error, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return "its header cannot be read"
    expected = 8 + length + max(ends, default=0)
    return None if size == expected else f"it has {size} bytes, and its header describes {expected}"
