"""The ledger of a run, RUN/seals.jsonl: the SHA-256 of every marker and of every file that no marker lists.

Markers list the files of a stage with their hashes. The ledger holds the markers themselves, so that a marker that is
missing, or is that of another run, is noticed. A line is {"crc", "file", "sha256"}, with "text" for settings. The last
line of a file counts, and null means that the file was removed on purpose. A line with "announced" comes before the
file is written: after a kill, the file may still be as it was. Lines are appended with one write; a line that a kill
has cut short is skipped.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEDGER = "seals.jsonl"
_CONFIG = "config.yaml"
_HEADS = (b"# astro ", b"# sealed ")  # the first line of the configuration of a run
_LINE_BEGINS = b'{"crc": '


def enter(file: Path, *, copy: bool = False) -> None:
    """Append the hash of a file, or that it is gone, to the ledger of the run that it is in; without a run, nothing.

    copy: keep the text, so that a small file can be restored. Of a file of lines, which grows, the hash counts for its
    length now.
    """
    run = run_of(file)
    if run is None:
        return
    content = file.read_bytes() if file.is_file() else None
    digest = None if content is None else hashlib.sha256(content).hexdigest()
    length = _length(file, content)
    if digest is not None and entered(run)[0].get(_name(file, run)) == Entered(digest, length):
        return
    grown = {} if length is None else {"bytes": length}
    kept = {"text": content.decode()} if copy and content is not None else {}
    append_line(run / LEDGER, {"file": _name(file, run), "sha256": digest, **grown, **kept})


def enter_new(file: Path, *, copy: bool = False) -> None:
    """Enter a file that has no line yet, because a kill came before it."""
    run = run_of(file)
    if run is not None and _name(file, run) not in ever_entered(run):
        enter(file, copy=copy)


def announce(file: Path, content: bytes, *, copy: bool = False) -> None:
    """Append the hash that a file is about to have. enter() follows once it is written.

    Until then, after a kill, the file may also be as it was before. A new run has no ledger before its configuration.
    """
    run = run_of(file)
    if run is not None and (file.name != _CONFIG or file.is_file()):
        digest = hashlib.sha256(content).hexdigest()
        kept = {"text": content.decode()} if copy else {}
        append_line(run / LEDGER, {"file": _name(file, run), "sha256": digest, "announced": True, **kept})


def _name(file: Path, run: Path) -> str:
    return file.absolute().relative_to(run.absolute()).as_posix()


def _length(file: Path, content: bytes | None) -> int | None:
    """The length that the hash of a growing file counts for; None for any other file."""
    return len(content) if file.suffix == ".jsonl" and content is not None else None


def remove(file: Path) -> None:
    """Delete a file that is in the ledger, if it exists."""
    if file.exists():
        run = run_of(file)
        if run is not None:  # first, so that a kill in between leaves no file that should be there and is not
            append_line(run / LEDGER, {"file": _name(file, run), "sha256": None})
        file.unlink()


def run_of(file: Path) -> Path | None:
    """The innermost run directory that holds the file, or None."""
    for folder in file.absolute().parents:
        config = folder / _CONFIG
        if config.is_file():
            with config.open("rb") as stream:
                if stream.readline(100).startswith(_HEADS):
                    return folder
    return None


@dataclass(frozen=True, slots=True)
class Entered:
    """A file in the ledger.

    bytes: how many the hash is of, from the start of the file; None if of all.
    before: of a file that was only announced, the hashes that it may have instead; None among them if it may not exist.
    """

    sha256: str
    bytes: int | None
    before: frozenset[str | None] = frozenset()


def entered(run: Path) -> tuple[dict[str, Entered], list[int]]:
    """Every file that should exist, by its path in the run, and the numbers of the lines that are damaged.

    A last line without an end is not damaged: a kill has cut it short.
    """
    lines, damaged = read_lines(run / LEDGER)
    found = dict[str, Entered]()
    for fields in lines:
        name, digest = fields.get("file"), fields.get("sha256")
        if not isinstance(name, str):
            continue
        known = found.pop(name, None)
        if digest:
            was = frozenset({None}) if known is None else known.before | {known.sha256}
            found[name] = Entered(digest, fields.get("bytes"), was if fields.get("announced") else frozenset())
    return found, damaged


def ever_entered(run: Path) -> set[str]:
    """Every file that has a line, by its path in the run, those that were removed on purpose included."""
    return {str(fields.get("file")) for fields in read_lines(run / LEDGER)[0]}


def copy_of(run: Path, name: str) -> str | None:
    """The last text of a file that was entered with a copy, by its path in the run; None without one."""
    lines = read_lines(run / LEDGER)[0]
    return next((line.get("text") for line in reversed(lines) if line.get("file") == name), None)


def rewrite_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write a file of lines that read_lines returned."""
    path.unlink(missing_ok=True)
    for line in lines:
        append_line(path, {name: value for name, value in line.items() if name != "after_torn"})


def append_line(path: Path, fields: dict[str, Any]) -> None:
    """Append one line with a CRC-32 of its fields, durably. After a line that a kill has cut short, it says so."""
    torn = path.exists() and path.stat().st_size > 0 and not _ends_a_line(path)
    if torn and _is_torn(path.read_bytes().rpartition(b"\n")[2]):
        fields = {**fields, "after_torn": True}
    line = json.dumps({"crc": _crc(fields), **fields}).encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        left = memoryview(b"\n" + line if torn else line)
        while left:  # a nearly full disk takes a part, and then refuses
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_lines(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """The fields of every whole line, and the numbers of the damaged ones; without the file, nothing.

    A line that a kill has cut short, the last one or one before a line that says so, is neither.
    """
    *lines, rest = path.read_bytes().split(b"\n") if path.is_file() else [b""]
    found = [read_line(line) for line in lines]
    following = [*found[1:], None][: len(found)]
    damaged = [
        number
        for number, (fields, after) in enumerate(zip(found, following, strict=True), 1)
        if fields is None and not (after is not None and after.get("after_torn"))
    ]
    last = read_line(rest)  # whole but for its end
    if last is None and not _is_torn(rest):
        damaged.append(len(lines) + 1)
    return [fields for fields in (*found, last) if fields is not None], damaged


def _is_torn(rest: bytes) -> bool:
    """Whether bytes without an end can be the beginning of a line, which a kill has cut short."""
    if not rest.startswith(_LINE_BEGINS):
        return _LINE_BEGINS.startswith(rest)
    try:
        json.JSONDecoder().raw_decode(rest.decode(errors="replace"))
    except ValueError:
        return True
    return False  # a whole line, and more


def read_line(line: bytes) -> dict[str, Any] | None:
    """The fields of a line that append_line wrote; None if it is damaged."""
    try:
        fields = json.loads(line)
        crc = fields.pop("crc")
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return dict(fields) if crc == _crc(fields) else None


def _crc(fields: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(fields, sort_keys=True).encode())


def _ends_a_line(file: Path) -> bool:
    with file.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
