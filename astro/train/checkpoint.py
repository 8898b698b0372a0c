"""The folder of one training stage: the settings that made it, its progress and its log.

checkpoints/ARM/STAGE/
    settings.yaml     the settings and the hashes of the inputs
    metrics.jsonl     one line for each time the trainer logged: step, seconds since the start, and its figures
    checkpoint-N/     the trainer's checkpoint, to resume at, and resumable.json with the hashes of its files
    (model files)     the final model, loadable by transformers and vLLM
    tensorboard/      the same figures for TensorBoard
    README.md         the model card
    done.json         written last: steps, seconds, tokens, time split
"""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from astro.errors import StoreError
from astro.store.atomic import check, read_marker, sync_directory, write_marker, write_text, writing
from astro.store.claim import Claim, Refusal
from astro.store.ledger import enter, remove
from astro.train.recorder import TENSORBOARD
from astro.train.setup import DONE

_METRICS = "metrics.jsonl"
SEALED = "sealed.json"  # of an intermediate checkpoint that is kept
RESUMABLE = "resumable.json"  # of a checkpoint that training can resume at
_NOT_SEALED = frozenset({DONE, SEALED, RESUMABLE, "training_args.bin"})
_TRAINER_STATE = "trainer_state.json"  # written last; a checkpoint without it is incomplete
# What resuming needs beside the model: for plain training, FSDP (which saves the weights a second time) and DeepSpeed.
_TO_GO_ON = ("optimizer*", "scheduler.pt", "rng_state*", "pytorch_model_fsdp*", "global_step*", "training_args.bin")
# Options of trainers that change what is written but not what is learned.
UNLEARNED = frozenset(
    f"trainer.{name}"
    for name in (
        "report_to", "run_name", "project", "logging_steps", "logging_strategy", "logging_first_step",
        "log_completions",
        "disable_tqdm", "save_steps", "save_strategy", "save_total_limit", "save_only_model", "dataloader_num_workers",
    )
)  # fmt: skip
_HASHED_WHOLE = 64 << 20  # bytes; a larger file is identified by name and size


class StageCheckpoint:
    """A stage's folder, locked by one process; main is False in the other processes of a launch, which only read."""

    def __init__(self, path: Path, *, main: bool = True) -> None:
        self.path, self.main = path, main
        self._claim = Claim(path, lock=main)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._claim.release()

    def claim(self, settings: Mapping[str, Any], ignored: Collection[str] = UNLEARNED) -> None:
        """Write the settings of a new stage, or check that they match those that the stage was started with.

        If nothing was trained yet, for example after a start that failed, new settings replace the old ones.
        Raises StoreError naming the differences.
        """
        if self.main:
            trained = self.done or (self.path / _METRICS).exists() or any(self.path.glob("checkpoint-*"))
            remedy = f"Use the same settings, train under another arm's name, or delete {self.path} to start over."
            refusal = Refusal("was made with different settings or from different files", remedy)
            self._claim.take(settings, ignored, begun=bool(trained), refusal=refusal)

    @property
    def done(self) -> dict[str, Any] | None:
        """The content of done.json, or None while the stage is not finished."""
        return read_done(self.path)

    def last(self) -> Path | None:
        """The last complete checkpoint of the trainer; later ones that a kill left incomplete are deleted.

        Raises StoreError if a file of it, or the log up to it, was changed.
        """
        folders = sorted(self.path.glob("checkpoint-*"), key=_step_of)
        while folders and not _is_whole(folders[-1]):
            half = folders.pop()
            if self.main:
                shutil.rmtree(half)
        if not folders:
            return None
        if self.main and (folders[-1] / RESUMABLE).exists():
            self._check_resumable(folders[-1])
        return folders[-1]

    def seal_last(self) -> None:
        """Seal the checkpoint that was just written, and the log so far: what a training resumes from."""
        folder = max(self.path.glob("checkpoint-*"), key=_step_of, default=None)
        if self.main and folder is not None and _is_whole(folder):
            files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RESUMABLE)
            log = (self.path / _METRICS).read_bytes() if (self.path / _METRICS).exists() else b""
            with writing(folder):
                write_marker(folder / RESUMABLE, [(file, 0) for file in files], log=[len(log), _sha256(log)])

    def _check_resumable(self, folder: Path) -> None:
        marker = read_marker(folder / RESUMABLE)
        for name, expected in marker["files"].items():
            check(folder / name, expected)
        length, digest = marker["log"]
        log = (self.path / _METRICS).read_bytes() if length else b""
        if _sha256(log[:length]) != digest:
            raise StoreError(
                f"{self.path / _METRICS} was changed after {folder.name} was written; restore it from a copy, or "
                f"delete {self.path} to train again"
            )

    def rewind(self, step: int) -> dict[str, Any]:
        """Drop the rows logged after the step at which training resumes; returns the last remaining row."""
        rows = [row for row in read_metrics(self.path) if row.get("step", 0) <= step]
        if self.main:
            with writing(self.path):
                write_text(self.path / _METRICS, "".join(json.dumps(row) + "\n" for row in rows))
        return rows[-1] if rows else {}

    def log(self, row: Mapping[str, Any]) -> None:
        """Append one line to metrics.jsonl."""
        if self.main:
            with writing(self.path), (self.path / _METRICS).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write done.json."""
        if self.main:
            with writing(self.path):
                sync_directory(self.path)
                write_marker(self.path / DONE, [(file, 0) for file in model_files(self.path)], **facts)
                for file in (self.path / TENSORBOARD).glob("*"):
                    enter(file)  # not in the marker: without these, the model is whole

    def thin(self, *, keep: bool) -> None:
        """Delete what only resuming needs; keep: keep the models of the intermediate checkpoints."""
        if not self.main:
            return
        for folder in self.path.glob("checkpoint-*"):
            if not keep:
                remove(folder / RESUMABLE)
                shutil.rmtree(folder)
                continue
            _thin(folder)
        for folder in (self.path, self.path / "adapter"):
            (folder / "training_args.bin").unlink(missing_ok=True)

    def thin_earlier(self) -> None:
        """Reduce all checkpoints except the last, which resuming needs, to their models."""
        last = self.last()
        for folder in self.path.glob("checkpoint-*") if self.main else ():
            if folder != last:
                _thin(folder)


def read_done(folder: Path) -> dict[str, Any] | None:
    """The content of a stage's done.json, or None if the stage is not finished. Raises StoreError if damaged."""
    file = folder / DONE
    if not file.exists():
        return None
    facts = read_marker(file)
    del facts["files"]
    return facts


def model_files(folder: Path) -> list[Path]:
    """The files of a finished model with its adapter, settings and metrics, without what is tidied up later."""
    inside = [*folder.iterdir(), *(folder / "adapter").glob("*")]
    return sorted(
        path for path in inside if path.is_file() and path.name not in _NOT_SEALED and not path.name.startswith(".")
    )


def seal_checkpoint(folder: Path) -> None:
    """Declare an intermediate checkpoint complete that was reduced to its model."""
    with writing(folder):
        write_marker(folder / SEALED, [(file, 0) for file in model_files(folder)])


def check_checkpoint(folder: Path) -> None:
    """Raise StoreError if a file of a finished or intermediate checkpoint is missing or was changed."""
    for name in (DONE, SEALED):
        if (folder / name).exists():
            for file, expected in read_marker(folder / name)["files"].items():
                check(folder / file, expected)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl, oldest first; a line cut short by a kill is left out."""
    file, rows = folder / _METRICS, []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def content_hash(files: Iterable[Path]) -> str:
    """16 hexadecimal digits of files' names and contents; above 64 MiB the size replaces the content."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        if file.stat().st_size <= _HASHED_WHOLE:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def model_hash(model: str) -> str | None:
    """The hash of a model's folder, or None for a name on the hub."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return None
    wanted = ("*.safetensors", "*.bin", "config.json", "tokenizer.json", "chat_template.jinja", "tokenizer.model")
    return content_hash(file for pattern in wanted for file in folder.glob(pattern) if file.name != "training_args.bin")


def _thin(folder: Path) -> None:
    """Delete everything in a checkpoint except the model, first the files that mark it as complete."""
    remove(folder / RESUMABLE)
    for pattern in (_TRAINER_STATE, *_TO_GO_ON):
        for leftover in folder.glob(pattern):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_whole(folder: Path) -> bool:
    try:
        state = json.loads((folder / _TRAINER_STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(state.get("global_step") == _step_of(folder))


def _step_of(folder: Path) -> int:
    step = folder.name.removeprefix("checkpoint-")
    return int(step) if step.isdigit() else -1
