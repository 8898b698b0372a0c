"""Every sealed file of a run against its hash: the ledger's files, and the files that each marker lists.

A marker that the ledger has no line of means that the ledger has lost lines; a table or a file of a model that no
marker lists was not written by the run. The rounds of a run are runs of their own with ledgers of their own, and are
checked with it.
"""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from astro.errors import StoreError
from astro.records.rounds import ROUNDS
from astro.store.atomic import FileSeal, read_marker, seal
from astro.store.index import SUFFIX
from astro.store.ledger import LEDGER, Entered, entered, ever_entered, read_lines
from astro.store.salvage import condition_of
from astro.store.waves import is_damaged, wave_files

_THREADS = 4  # hashing releases the interpreter lock
_SHOWN = 20
_CHECKPOINT_MARKERS = ("done.json", "sealed.json")
_MARKERS = ("problems.json", "complete.json", "figures.json", "round.json", "settings.yaml", *_CHECKPOINT_MARKERS)
_RESUMABLE = "resumable.json"
_BESIDE = frozenset({*_MARKERS, _RESUMABLE, "training_args.bin"})  # in a checkpoint, and in no marker's list
_OF_MODELS = frozenset({".json", ".safetensors", ".bin", ".jinja", ".model", ".txt", ".py"})


class Damage(StrEnum):
    """What is wrong with a file."""

    MISSING = "missing"
    CHANGED = "changed"  # its content is not the one that was written
    REMOVED = "removed"  # with its whole folder
    FOREIGN = "not of this run"  # nothing that the run wrote, but it would be read


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not as it was written. file: its path in the run."""

    file: str
    damage: Damage
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.file} is {self.damage}" + (f" ({self.detail})" if self.detail else "")


def find_faults(run: Path) -> list[Fault]:
    """Every sealed file of a run that is missing or was changed, in the order of their paths.

    A folder that was deleted as a whole is one fault of the kind REMOVED. Reads every sealed file.
    """
    hashes, damaged = entered(run)
    faults = {LEDGER: Fault(LEDGER, Damage.CHANGED, f"lines {damaged[:5]}")} if damaged else {}
    if not hashes and (run / "problems.json").exists():
        faults[LEDGER] = Fault(LEDGER, Damage.MISSING)
    elif lost := _markers(run) - ever_entered(run):
        faults[LEDGER] = Fault(LEDGER, Damage.CHANGED, f"it has no line of {min(lost)}")
    hashes = {name: expected for name, expected in hashes.items() if not _is_superseded(run / name)}
    listed: dict[str, FileSeal | Entered] = {**hashes}
    readable = set[str]()
    for name in [name for name in hashes.keys() | _markers(run) if name.endswith(".json")]:
        if inside := dict(_listed_by(run, name)):
            listed |= inside
            readable |= _readable(run, name)
    faults |= {name: Fault(name, Damage.FOREIGN) for name in readable - listed.keys()}
    with ThreadPoolExecutor(_THREADS) as threads:
        found = threads.map(partial(_fault, run), listed, listed.values())
    faults |= {fault.file: fault for fault in found if fault is not None}
    faults |= {fault.file: fault for fault in (*_log_faults(run), *_journal_faults(run))}
    for inner in sorted((run / ROUNDS).glob("*/config.yaml")):
        name = inner.parent.relative_to(run).as_posix()
        faults |= {f"{name}/{one.file}": Fault(f"{name}/{one.file}", one.damage, one.detail)
                   for one in find_faults(inner.parent)}  # fmt: skip
    return [faults[name] for name in sorted(faults)]


def refuse_damaged(run: Path, but: str = "") -> None:
    """Raise StoreError that names every file of a run that is missing or was changed.

    but: a folder of the run, with a slash at its end, that is about to be written again.
    """
    faults = [
        fault
        for fault in find_faults(run)
        if fault.damage is not Damage.REMOVED and not (but and fault.file.startswith(but))
    ]
    if faults:
        lines = [f"  {fault}" for fault in faults[:_SHOWN]]
        more = [f"  ... and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise StoreError(
            "\n".join([f"{run} is damaged:", *lines, *more])
            + f"\n`astro check {run}` says what each costs; `astro repair {run}` sets them aside, so that only their "
            "part runs again"
        )


def _journal_faults(run: Path) -> Iterator[Fault]:
    """Journals of unfinished stages that have lost entries, and of live trees that have lost waves."""
    for path in sorted(run.rglob("journal*.astj")):
        inside = path.relative_to(run)
        if inside.parts[0] not in {ROUNDS, "set-aside"} and (lost := condition_of(path).lost):
            yield Fault(inside.as_posix(), Damage.CHANGED, f"{lost} entries cannot be read")
    for index in sorted(run.rglob(f"journal*.astj{SUFFIX}")):
        journal = index.with_name(index.name.removesuffix(SUFFIX))
        inside = journal.relative_to(run)
        ended = journal.exists() or (journal.parent / "complete.json").exists()
        if not ended and inside.parts[0] not in {ROUNDS, "set-aside"}:
            yield Fault(inside.as_posix(), Damage.MISSING, "its index is there")
    for path in wave_files(run / "trees"):
        if is_damaged(path):
            yield Fault(f"trees/{path.name}", Damage.CHANGED, "waves of live trees cannot be read")


def _is_superseded(marker: Path) -> bool:
    """Whether a marker is of a checkpoint to resume at that has a later one: its trainer may be deleting it."""
    if marker.name != _RESUMABLE:
        return False
    states = marker.parent.parent.glob("checkpoint-*/trainer_state.json")  # the last file of a checkpoint
    return any(_step_of(state.parent) > _step_of(marker.parent) for state in states)


def _step_of(checkpoint: Path) -> int:
    step = checkpoint.name.rpartition("-")[2]
    return int(step) if step.isdecimal() else -1


def _markers(run: Path) -> set[str]:
    """The markers that there are, by their paths in the run, without those of its rounds."""
    found = (path.relative_to(run) for name in _MARKERS for path in run.rglob(name))
    return {path.as_posix() for path in found if path.parts[0] not in {ROUNDS, "set-aside"}}


def _readable(run: Path, marker: str) -> set[str]:
    """What a stage would read beside a marker: tables of data sets, and the files of a model."""
    folder, found = (run / marker).parent, list[Path]()
    if marker == "datasets/complete.json":
        found = [path for path in folder.glob("*/*.parquet") if not path.parent.name.startswith(".")]
    elif Path(marker).name in _CHECKPOINT_MARKERS:
        found = [path for path in folder.iterdir() if path.suffix in _OF_MODELS and path.name not in _BESIDE]
    return {path.relative_to(run).as_posix() for path in found}


def _listed_by(run: Path, name: str) -> Iterator[tuple[str, FileSeal]] | dict[str, FileSeal]:
    """The files that a marker lists, by their paths in the run; nothing where it is damaged or no marker."""
    try:
        content: Any = json.loads((run / name).read_bytes())
        if not isinstance(content, dict) or "files" not in content:
            return {}
        files = read_marker(run / name)["files"]
    except (OSError, ValueError, StoreError):
        return {}  # its own hash names it
    folder = Path(name).parent
    return {(folder / file).as_posix(): expected for file, expected in files.items()}


def _fault(run: Path, name: str, expected: FileSeal | Entered) -> Fault | None:
    path, before = run / name, expected.before if isinstance(expected, Entered) else frozenset[str | None]()
    if not path.is_file():
        if path.parent != run and not path.parent.is_dir():
            # A trainer deletes checkpoints that it no longer needs.
            return None if path.name == _RESUMABLE else Fault(name, Damage.REMOVED)
        return None if None in before or _made_again(path) else Fault(name, Damage.MISSING)
    if isinstance(expected, FileSeal) and path.stat().st_size != expected.bytes:
        return Fault(name, Damage.CHANGED, f"{path.stat().st_size} bytes, {expected.bytes} were written")
    wanted, size = expected.sha256, expected.bytes
    grows = isinstance(expected, Entered) and size is not None
    try:
        found = _begins(path, size) if grows else seal(path).sha256
    except OSError as error:
        return Fault(name, Damage.CHANGED, str(error))
    return (
        None
        if found == wanted or found in before
        else Fault(name, Damage.CHANGED, f"SHA-256 {found[:12]}, not {wanted[:12]}")
    )


def _begins(path: Path, size: int | None) -> str:
    """SHA-256 of the part of a growing file that was there when it was entered."""
    return hashlib.sha256(path.read_bytes()[:size]).hexdigest()


def _made_again(marker: Path) -> bool:
    """Whether the stage of a missing marker is being carried out again, after its folder was deleted."""
    folder = marker.parent
    if marker.name == "done.json":
        return not any(folder.glob("*.safetensors"))
    return marker.name in {"complete.json", "figures.json"} and any(folder.glob("journal*"))


def _log_faults(run: Path) -> Iterator[Fault]:
    """Logs with damaged lines; the last line may be cut short by a kill."""
    for path in run.glob("log*.jsonl"):
        if bad := read_lines(path)[1]:
            yield Fault(path.name, Damage.CHANGED, f"lines {bad[:5]}")
