"""Atomic files: complete or absent, even after a crash of the process or the machine."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from astro.errors import AstroError, StoreError
from astro.store.ledger import announce, enter

PARTIAL = ".partial"  # suffix of a file while it is written; leftovers are deleted when the folder is opened


@dataclass(frozen=True, slots=True)
class FileSeal:
    """The expected content of a file: rows (of a Parquet file, otherwise 0), bytes, and the SHA-256 in hexadecimal."""

    rows: int
    bytes: int
    sha256: str


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError while path is written (a full disk, no permission) into a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error}; fix this and run again to resume") from error


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """As writing(), around libraries that raise errors of their own when the disk is full.

    path: a folder on that disk. An error that a full disk does not explain is raised as it is.
    """
    try:
        yield
    except AstroError:
        raise
    except Exception as error:
        if isinstance(error, OSError) or _disk_is_full(path, error):
            raise StoreError(f"cannot write {path}: {error}; fix this and run again to resume") from error
        raise


def _disk_is_full(path: Path, error: Exception) -> bool:
    said = any(words in str(error) for words in ("No space left", "PytorchStreamWriter", "inline_container"))
    return said or shutil.disk_usage(path).free < _FULL


def sync_directory(folder: Path) -> None:
    """Make renames and deletions in folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of a closed file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step: temporary name, fsync, rename, fsync of the directory."""
    partial = path.with_name(f"{path.name}.{token_hex(4)}{PARTIAL}")  # its own, should two workers write the same file
    partial.write_text(text, encoding="utf-8")
    publish({partial: path})


def write_entered(path: Path, text: str, *, copy: bool = False) -> None:
    """Write a text file and enter it in the ledger of its run; a kill in between does no harm. copy: as for enter()."""
    announce(path, text.encode(), copy=copy)
    write_text(path, text)
    enter(path, copy=copy)


def publish(renames: Mapping[Path, Path]) -> None:
    """Rename finished temporary files, in one directory, to their final names, durably."""
    for partial in renames:
        sync_file(partial)
    for partial, final in renames.items():
        partial.replace(final)
    for folder in {final.parent for final in renames.values()}:
        sync_directory(folder)


def sweep(folder: Path) -> None:
    """Delete the partial files of an interrupted process in folder, but not in its subfolders."""
    for leftover in folder.glob(f"*{PARTIAL}"):
        leftover.unlink()


def seal(path: Path, rows: int = 0) -> FileSeal:
    """Read a file and return its seal."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileSeal(rows=rows, bytes=path.stat().st_size, sha256=digest)


def write_marker(marker: Path, files: Iterable[tuple[Path, int]], **facts: Any) -> None:
    """Declare files (path, rows), which are below the marker's folder, complete. facts: further JSON values."""
    seals = {path.relative_to(marker.parent).as_posix(): asdict(seal(path, rows)) for path, rows in files}
    write_sealed(marker, {"files": seals, **facts})


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object with the SHA-256 of its content, and enter it in the ledger of its run."""
    whole = {**content, _SEAL: _digest(content)}
    write_entered(path, json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def read_sealed(path: Path) -> dict[str, Any]:
    """What write_sealed wrote. Raises StoreError if the file is missing, is no JSON object, or was changed."""
    try:
        content = json.loads(path.read_bytes())
        found = content.pop(_SEAL, None)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise StoreError(f"{path} is damaged ({error}); {_FIX}") from error
    if found is None:
        raise StoreError(f"{path} has no seal: another version of astro wrote it, or it was changed; {_FIX}")
    if found != _digest(content):
        raise StoreError(f"{path} was changed after it was written: its seal does not fit; {_FIX}")
    return dict(content)


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON object, whatever its layout and the order of its keys."""
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def read_marker(marker: Path) -> dict[str, Any]:
    """The content of a marker, with the files as FileSeal by relative path. Raises StoreError if it is damaged."""
    content = read_sealed(marker)
    try:
        return {**content, "files": {name: FileSeal(**facts) for name, facts in content["files"].items()}}
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{marker} is damaged ({error}); {_FIX}") from error


def check(path: Path, expected: FileSeal) -> None:
    """Raise StoreError unless the file equals the sealed one byte for byte."""
    check_size(path, expected)
    found = seal(path).sha256
    if found != expected.sha256:
        raise StoreError(f"{path} is damaged: its SHA-256 is {found[:12]}..., not {expected.sha256[:12]}...; {_FIX}")


def check_size(path: Path, expected: FileSeal) -> None:
    """Raise StoreError unless the file exists and is as long as the sealed one."""
    if not path.is_file():
        raise StoreError(f"{path} is missing, but its marker says it was written; {_FIX}")
    size = path.stat().st_size
    if size != expected.bytes:
        raise StoreError(f"{path} is damaged: it has {size} bytes, but {expected.bytes} were written; {_FIX}")


_FIX = "restore the file from a copy, or set it aside with `astro repair RUN`, which lets that stage run again"
_SEAL = "seal"
_FULL = 1 << 20  # bytes left on a full disk
