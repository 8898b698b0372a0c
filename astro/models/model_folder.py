"""The files of a model in a folder: checked before anything loads them, and errors of the libraries that load them."""

import json
import re
import struct
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from astro.errors import EXPECTED_ERRORS, ConfigError
from astro.trust import Trust, how_to_permit, trusted

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_MAX_HEADER = 100 << 20  # bytes; the limit of the safetensors library
_MAX_JSON = 256 << 20
_SIZES = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")
_LAYER = re.compile(r"(?:model\.|transformer\.)?(?:layers|h)\.(\d+)\.")  # of the decoder, not of a vision tower


def check_files(folder: Path, setting: str) -> None:
    """Raise ConfigError if a file of a model folder is damaged or missing, or weights are pickled and not permitted.

    The files have to belong together: the layers are those of config.json, and the shards those of the index. Reads
    the JSON files and the headers of the weights, not the weights.
    """
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{setting}: {folder} has no config.json; give the folder that holds the model's files")
    for name in ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"):
        if (folder / name).is_file():
            _check_json(folder / name, setting)
    weights = sorted(folder.glob("*.safetensors"))
    names = set[str]()
    for file in weights:
        try:
            names |= _tensor_names(file)
        except ValueError as error:
            raise ConfigError(f"{setting}: {file} is damaged: {error}; copy or train the model again") from error
    if mistake := _mismatch(folder, names):
        raise ConfigError(f"{setting}: the files of {folder} do not belong together: {mistake}; copy the model again")
    pickled = sorted(file for pattern in _PICKLED for file in folder.glob(pattern) if file.name != "training_args.bin")
    if pickled and not weights and not trusted(Trust.PICKLED_WEIGHTS):
        raise ConfigError(
            f"{setting}: the weights of {folder} are pickled ({pickled[0].name}), and pickles can run code; convert "
            f"them to safetensors, or, {how_to_permit(Trust.PICKLED_WEIGHTS)}"
        )


def weights_options() -> dict[str, Any]:
    """The options of from_pretrained that keep transformers from what is not permitted; it asks no question."""
    return {"trust_remote_code": trusted(Trust.REMOTE_CODE), **without_pickles()}


def without_pickles() -> dict[str, Any]:
    """The option of from_pretrained that keeps transformers from unpickling weights, where that is not permitted."""
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
        permit = f"; {how_to_permit(Trust.REMOTE_CODE)}" if "trust_remote_code" in reason else ""
        raise ConfigError(f"{what}: {named[:2000]}{permit}") from error


def _check_json(file: Path, setting: str) -> None:
    try:
        if file.stat().st_size > _MAX_JSON:
            raise ConfigError(f"{setting}: {file} has more than {_MAX_JSON >> 20} MiB; it cannot be what its name says")
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{setting}: {file} is damaged: {error}; copy or train the model again") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{setting}: {file} must hold a JSON object, not {type(content).__name__}")


def _tensor_names(file: Path) -> set[str]:
    """The names of the tensors in a safetensors file; raises ValueError if its header or its length is wrong."""
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = struct.unpack("<Q", stream.read(8))[0]
            header = json.loads(stream.read(length)) if length <= min(_MAX_HEADER, size - 8) else None
        tensors = {} if header is None else {name: header[name] for name in header if name != "__metadata__"}
        ends = [entry["data_offsets"][1] for entry in tensors.values()]
    except (OSError, struct.error, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise ValueError("its header cannot be read") from None
    if header is None:
        raise ValueError(f"its header claims {length} bytes of {size}")
    if size != (expected := 8 + length + max(ends, default=0)):
        raise ValueError(f"it has {size} bytes, and its header describes {expected}")
    return set(tensors)


def _mismatch(folder: Path, names: AbstractSet[str]) -> str | None:
    """What in config.json or the index of the shards contradicts the tensors, given their names; None if nothing.

    Libraries fill missing layers with random numbers and drop additional ones, with a warning at most.
    """
    config = json.loads((folder / "config.json").read_bytes())
    for key in _SIZES:
        if key in config and (type(config[key]) is not int or config[key] <= 0):
            return f"config.json has {key} {config[key]!r}"
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            absent = sorted(set(json.loads(index.read_bytes())["weight_map"].values()) - _files(folder))
        except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return f"{index.name} cannot be read"
        if absent:
            return f"{index.name} names {absent[0]}, which is missing"
    layers = {int(found[1]) for name in names if (found := _LAYER.match(name))}
    count = config.get("num_hidden_layers", config.get("n_layer"))
    if not layers or type(count) is not int:
        return None
    speculative = config.get("num_nextn_predict_layers")  # stand after the others (DeepSeek-V3)
    most = count + speculative if type(speculative) is int else count
    if len(layers) == max(layers) + 1 and count <= len(layers) <= most:
        return None
    return f"config.json has {count} layers, and the weights have {len(layers)}"


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
