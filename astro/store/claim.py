"""Ownership of a folder: one process writes it at a time, and one identity (settings, hashes of inputs) made it."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

import yaml

from astro.errors import StoreError
from astro.store.atomic import sync_directory, write_entered, writing
from astro.store.ledger import enter_new
from astro.store.lock import RunLock
from astro.store.settings import differences

SETTINGS = "settings.yaml"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The wording of the error about another identity: what the folder is, and what to do."""

    what: str
    remedy: str


class Claim:
    """A folder, created if necessary, and its file that holds the identity of its work.

    With lock, only this process writes the folder until release(), or with shared, only processes that share it.
    Raises StoreError if another process does.
    """

    def __init__(self, folder: Path, file: str = SETTINGS, *, lock: bool = True, shared: bool = False) -> None:
        self.folder, self.file = folder, folder / file
        self._lock: RunLock | None = None
        if lock:
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
                sync_directory(folder.parent)
            self._lock = RunLock(folder / _LOCK, shared=shared)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let other processes write the folder."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def taken(self) -> bool:
        """Whether the folder has an identity."""
        return self.file.exists()

    def identity(self) -> dict[str, Any]:
        """The identity that made the folder. Raises StoreError if its file cannot be read."""
        try:
            text = self.file.read_text(encoding="utf-8")
            seal, body = _SEAL.search(text), _body(text)
            if seal is None or seal[1] != _digest(body):
                raise StoreError(
                    f"{self.file} was changed after it was written: its seal does not fit; restore it from a copy, or "
                    "see what `astro check` says of the run"
                )
            content = yaml.safe_load(body)
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise StoreError(f"{self.file} cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise StoreError(f"{self.file} holds a {type(content).__name__}, not settings")
        return content

    def changed(self, identity: Mapping[str, Any], ignored: Collection[str] = ()) -> list[str]:
        """One line for each difference from the identity that made the folder. ignored: dotted keys."""
        return differences(self.identity(), _plain(identity), ignored) if self.taken else []

    def take(
        self, identity: Mapping[str, Any], ignored: Collection[str] = (), *, begun: bool, refusal: Refusal
    ) -> None:
        """Write the identity of new work, or check that it is the one that made the folder.

        begun: whether the folder holds work. If it holds none, for example after a failed start, the new identity
        replaces the old one. Raises StoreError naming the differences.
        """
        changed = self.changed(identity, ignored)
        if changed and begun:
            self.refuse(changed, refusal)
        if changed or not self.taken:
            self.write(identity)
        self.enter_new()

    def refuse(self, changed: Collection[str], refusal: Refusal) -> NoReturn:
        """Raise the StoreError that names the differences."""
        lines = "\n".join(f"  {line}" for line in changed)
        raise StoreError(f"{self.folder} {refusal.what}:\n{lines}\n{refusal.remedy}")

    def write(self, identity: Mapping[str, Any], head: str = "") -> None:
        """Write the identity. head: comment lines at the top of the file."""
        body = yaml.safe_dump(_plain(identity), sort_keys=False, allow_unicode=True)
        with writing(self.folder):
            write_entered(self.file, f"{head}# sealed {_digest(body)}\n{body}", copy=True)

    def enter_new(self) -> None:
        """Enter the identity in the ledger, should a kill have come before that."""
        with writing(self.folder):
            enter_new(self.file, copy=True)


_SEAL = re.compile(r"^# sealed ([0-9a-f]{64})$", re.MULTILINE)


def _body(text: str) -> str:
    """The text after the comment lines at its top."""
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _plain(identity: Mapping[str, Any]) -> dict[str, Any]:
    """The identity in types that YAML reads back unchanged: no tuples, paths or enumerations."""
    return dict(json.loads(json.dumps(identity, default=str)))
