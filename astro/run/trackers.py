"""Trackers, such as TensorBoard, W&B and MLflow, that log the progress of search and traces.

accelerate knows how each is spoken to, and TRL logs a training through the same package.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Literal

from astro.errors import ConfigError, MissingDependencyError

_log = logging.getLogger(__name__)

Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio", "comet_ml", "aim", "clearml", "dvclive", "swanlab"]

_SECONDS = 10.0  # between two points
_FOLDER = "trackers"  # in the run directory, for trackers that write files


@contextmanager
def tracked(names: Sequence[Tracker], run: Path, read: Callable[[], Mapping[str, float]]) -> Iterator[None]:
    """Log the figures of a run to each tracker, every 10 seconds and at the end; warn of one that fails meanwhile.

    read: the figures now. The step of a point is the number of problems searched and traced, which grows from start to
    start. Raises ConfigError if a tracker cannot be opened, MissingDependencyError if accelerate is not installed.
    """
    if not names:
        yield
        return
    over = Event()
    with ThreadPoolExecutor(1, "trackers") as thread:  # one for everything: MLflow's run is that of its thread
        trackers = thread.submit(_open_all, names, run).result()
        logged = thread.submit(_log_until, over, trackers, read)
        try:
            yield
        finally:
            over.set()
            logged.result()


def _open_all(names: Sequence[Tracker], run: Path) -> list[Any]:
    try:
        from accelerate import PartialState  # noqa: PLC0415 - heavy
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise MissingDependencyError("accelerate", "train", "output.trackers") from error
    PartialState(cpu=True)  # accelerate's trackers ask it which process they are in
    folder = run / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return [_opened(name, LOGGER_TYPE_TO_CLASS[name], run.name, folder) for name in names]


def _opened(name: Tracker, kind: Any, run: str, folder: Path) -> Any:
    try:
        tracker = kind(run, str(folder)) if kind.requires_logging_directory else kind(run)
        tracker.start()
    except ImportError as error:
        raise ConfigError(f"output.trackers: {name} needs a package: {error}; install it, or leave {name} out") from (
            error
        )
    except Exception as error:  # every service has errors of its own
        raise ConfigError(f"output.trackers: {name} cannot be opened: {error}") from error
    return tracker


def _log_until(over: Event, trackers: Sequence[Any], read: Callable[[], Mapping[str, float]]) -> None:
    """Log until the work is over. A tracker that fails is left out from then on, and the work goes on."""
    working, last = list(trackers), False
    while working and not last:
        last = over.wait(_SECONDS)
        figures = read()
        working = [tracker for tracker in working if _logged(tracker, figures, last=last)]


def _logged(tracker: Any, figures: Mapping[str, float], *, last: bool) -> bool:
    values = {f"progress/{name}": value for name, value in figures.items()}
    try:
        tracker.log(values, step=int(figures["trees"] + figures["traced"]))
        if last:
            tracker.finish()
    except Exception as error:  # noqa: BLE001 - every service has errors of its own
        _log.warning("%s is not logged to any more: %s: %s", tracker.name, type(error).__name__, error)
        return False
    return True
