"""The inputs of an evaluation by content: a short hash of a model and of a set of problems."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from astro.records.problem import Problem

_BLOCK = 1 << 20  # bytes
_BLOCKS = 64  # read from one file; from larger ones, blocks spread evenly over it
_WEIGHTS = {".safetensors", ".bin", ".json", ".jinja", ".model", ".txt"}
_NOTES = {
    "done.json",
    "sealed.json",
    "trainer_state.json",
    "training_args.bin",
}  # in a model's folder, but not part of the model


def model_fingerprint(model: str) -> str:
    """16 hexadecimal digits of the files of a model's folder, or the name of a model on the hub.

    From files above 64 MiB it reads 64 blocks, spread evenly: training changes weights everywhere.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return model
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in _WEIGHTS and path.name not in _NOTES:
            size = path.stat().st_size
            digest.update(f"{path.name} {size}\n".encode())
            with path.open("rb") as stream:
                for at in range(min(_BLOCKS, -(-size // _BLOCK))):
                    stream.seek(at * _BLOCK if size <= _BLOCKS * _BLOCK else (size - _BLOCK) * at // (_BLOCKS - 1))
                    digest.update(stream.read(_BLOCK))
    return digest.hexdigest()[:16]


def problems_fingerprint(problems: Iterable[Problem]) -> str:
    """16 hexadecimal digits of problems in their order."""
    digest = hashlib.sha256()
    for problem in problems:
        digest.update(json.dumps(asdict(problem), sort_keys=True, default=str).encode(errors="surrogatepass"))
    return digest.hexdigest()[:16]
