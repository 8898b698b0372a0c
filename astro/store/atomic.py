"""Files that are either complete or absent, whatever happens to the process or the machine."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from astro.errors import StoreError

PARTIAL = ".partial"  # suffix of a file that is still being written; leftovers are deleted on opening


@dataclass(frozen=True, slots=True)
class FileSeal:
    """What a complete file looks like: rows (of a Parquet file, else 0), bytes, and the SHA-256 in hexadecimal."""

    rows: int
    bytes: int
    sha256: str


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system refuses while path is written (a full disk, no permission) becomes a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error}; mend that and run again to continue") from error


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
    partial = path.with_name(path.name + PARTIAL)
    partial.write_text(text, encoding="utf-8")
    publish({partial: path})


def publish(renames: Mapping[Path, Path]) -> None:
    """Rename finished temporary files, in one directory, to their final names, durably."""
    for partial in renames:
        sync_file(partial)
    for partial, final in renames.items():
        partial.replace(final)
    for folder in {final.parent for final in renames.values()}:
        sync_directory(folder)


def sweep(folder: Path) -> None:
    """Delete what an interrupted process left half written in folder (not below it)."""
    for leftover in folder.glob(f"*{PARTIAL}"):
        leftover.unlink()


def seal(path: Path, rows: int = 0) -> FileSeal:
    """Read a file and say what it holds."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileSeal(rows=rows, bytes=path.stat().st_size, sha256=digest)


def write_marker(marker: Path, files: Iterable[tuple[Path, int]], **facts: Any) -> None:
    """Declare files (path, rows) complete. They lie in the marker's folder or below it; facts are JSON-able extras."""
    seals = {path.relative_to(marker.parent).as_posix(): asdict(seal(path, rows)) for path, rows in files}
    write_text(marker, json.dumps({"files": seals, **facts}, indent=1) + "\n")


def read_marker(marker: Path) -> dict[str, Any]:
    """The content of a marker, with the files as FileSeal by relative path. Raises StoreError if it is damaged."""
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
        return {**content, "files": {name: FileSeal(**facts) for name, facts in content["files"].items()}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{marker} is damaged ({error}); {_MEND}") from error


def check(path: Path, expected: FileSeal) -> None:
    """Raise StoreError unless the file is, byte for byte, the one that was sealed."""
    if not path.is_file():
        raise StoreError(f"{path} is missing, though its marker says it was written; {_MEND}")
    size = path.stat().st_size
    if size != expected.bytes:
        raise StoreError(f"{path} is damaged: {size} bytes, {expected.bytes} were written; {_MEND}")
    found = seal(path).sha256
    if found != expected.sha256:
        raise StoreError(f"{path} is damaged: its SHA-256 is {found[:12]}..., not {expected.sha256[:12]}...; {_MEND}")


_MEND = "restore the file from a copy, or delete the folder it is in to have that stage done again"
