"""The progress of a trainer, on disk and on the console."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

TENSORBOARD = "tensorboard"  # the folder of its events in a stage's folder
_SHOW_EVERY = 10.0  # seconds between lines on the console


class Log(Protocol):
    """The stage's folder that a recorder writes to (astro.train.checkpoint.StageCheckpoint)."""

    path: Path
    main: bool

    def log(self, row: Mapping[str, Any]) -> None:
        """Append one row."""
        ...

    def seal_last(self) -> None:
        """Seal the checkpoint that was just written."""
        ...

    def thin_earlier(self) -> None:
        """Reduce all checkpoints except the last to their models."""
        ...


class Recorder:
    """Writes every row the trainer logs to metrics.jsonl, with the step, the seconds and the split of the time.

    seconds: of training so far, without steps that a kill undid. times: seconds since the last row, by activity; the
    part of a step that note() did not name is the update. shown: names of figures for the console, in order.
    """

    def __init__(self, stage: Log, console: Console, title: str, shown: Sequence[str] = ("loss",)) -> None:
        self._stage, self._console, self._title, self._shown_names = stage, console, title, shown
        self.times: defaultdict[str, float] = defaultdict(float)
        self.totals: defaultdict[str, float] = defaultdict(float)
        self.counts: dict[str, int] = {}
        self.before = 0.0
        self._loss, self._step, self._tokens = 0.0, 0, 0
        self._begun = self._shown = self._step_begun = time.monotonic()
        self._noted = 0.0

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return self.before + time.monotonic() - self._begun

    def resume(self, last: Mapping[str, Any]) -> None:
        """Continue the counts of an earlier start; last is the last valid row of metrics.jsonl."""
        self.before = float(last.get("seconds", 0.0))
        self.totals.update({name: float(value) for name, value in last.get("total_times", {}).items()})
        self.counts = dict(last.get("counts", {}))
        self._loss, self._step = float(last.get("total_loss", 0.0)), int(last.get("step", 0))
        self._tokens = int(last.get("num_tokens", 0))

    def mean_loss(self, of_this_start: float) -> float:
        """The mean of the loss over all steps, those of earlier starts included.

        of_this_start: the mean that the trainer reports, for a training that has logged no loss.
        """
        return self._loss / self._step if self._loss and self._step else of_this_start

    def note(self, what: str, seconds: float) -> None:
        """Count seconds of the current step as spent on what."""
        self.times[what] += seconds
        self._noted += seconds

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock here: loading the model is not training."""
        del args, state, control
        self._begun = time.monotonic()

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """An optimizer step begins, with its batch already fetched."""
        del args, state, control
        self._step_begun, self._noted = time.monotonic(), 0.0

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count the rest of the step as its update; log at every checkpoint and at the end, so that sums are whole."""
        del args
        control.should_log = control.should_log or control.should_save or state.global_step >= state.max_steps
        self.times["update"] += max(time.monotonic() - self._step_begun - self._noted, 0.0)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Seal a new checkpoint, and drop the optimizer's state of the earlier ones."""
        del control
        if state.is_world_process_zero:
            if args.world_size == 1:  # with several processes, the others may still be writing
                self._stage.seal_last()
            self._stage.thin_earlier()

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """Write the row, and print its figures at intervals."""
        del args, control
        if not state.is_world_process_zero or logs is None:
            return
        for what, seconds in self.times.items():
            self.totals[what] += seconds
        figures = {name: _plain(value) for name, value in logs.items()}
        if _is_number(figures.get("loss")):
            self._loss += figures["loss"] * (state.global_step - self._step)
            self._step = state.global_step
        if _is_number(figures.get("num_tokens")):
            figures["num_tokens"] += self._tokens  # the trainer counts from its own start
        times = {what: round(seconds, 4) for what, seconds in self.times.items()}
        self.times.clear()
        row = {"step": state.global_step, "seconds": round(self.seconds, 3), **figures, "times": times}
        totals = {what: round(seconds, 3) for what, seconds in self.totals.items()}
        self._stage.log({**row, "total_times": totals, "total_loss": self._loss, "counts": self.counts})
        shown = "".join(f", {name} {figures[name]:.3g}" for name in self._shown_names if _is_number(figures.get(name)))
        if shown and time.monotonic() - self._shown >= _SHOW_EVERY:
            self._shown = time.monotonic()
            line = f"{self._title}: step {state.global_step}/{state.max_steps}{shown}, {self.seconds:.0f} s"
            self._console.print(line, markup=False, soft_wrap=True)


def callback_of(recorder: Recorder) -> Any:
    """The recorder as a callback of transformers."""
    from transformers import TrainerCallback  # noqa: PLC0415 - heavy

    class Callback(TrainerCallback):  # type: ignore[misc] # transformers has no types
        on_train_begin = staticmethod(recorder.on_train_begin)
        on_step_begin = staticmethod(recorder.on_step_begin)
        on_step_end = staticmethod(recorder.on_step_end)
        on_save = staticmethod(recorder.on_save)
        on_log = staticmethod(recorder.on_log)

    return Callback()


def place_tensorboard(trainer: Any, stage: Log, step: int) -> None:
    """Write TensorBoard's events to the stage's folder tensorboard/, from step on; without TensorBoard, do nothing.

    transformers would make a folder for every start, named after the machine and the time, and keep the steps that a
    kill undid next to those that replaced them. TENSORBOARD_LOGGING_DIR takes precedence.
    """
    from transformers.integrations import TensorBoardCallback  # noqa: PLC0415 - heavy

    theirs = [each for each in trainer.callback_handler.callbacks if isinstance(each, TensorBoardCallback)]
    if stage.main and theirs and theirs[0].logging_dir is None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415

        writer = SummaryWriter(str(stage.path / TENSORBOARD), purge_step=step + 1 if step else None)
        trainer.remove_callback(theirs[0])
        trainer.add_callback(TensorBoardCallback(writer))


def _plain(value: Any) -> Any:
    """The value for JSON; a number that is not finite becomes null."""
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
