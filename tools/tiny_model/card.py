"""The card of the embedded model: a README in the layout of the Hugging Face hub, and a plot of its loss."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from astro.errors import MissingDependencyError, StoreError
from astro.run import RunConfig
from tools.tiny_model.corpus import FIRST, SECOND, THIRD
from tools.tiny_model.pretrain import LOG, Recipe

PICTURE = "loss.svg"
_ROWS = 12  # of the loss table; the plot has every point


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of a training log: tokens seen, and the mean loss since the last line, in nats a completion token."""

    tokens: int
    loss: float


def read_log(folder: Path) -> list[LogRow]:
    """Read a model's training log. Raises StoreError if it is missing or empty."""
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if not lines:
        raise StoreError(f"{path} is missing or empty; tools/pretrain_tiny.py writes it next to the weights")
    return [LogRow(row["tokens"], row["loss"]) for row in map(json.loads, lines)]


def write_card(folder: Path, figures: Mapping[str, Any], config: RunConfig) -> None:
    """Write README.md and loss.svg into a model's folder; figures are those of tools/measure_tiny.py."""
    log = read_log(folder)
    _draw(log, folder / PICTURE)
    environment = Environment(  # Markdown for people: nothing in it comes from a model
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": _percent, "figure": _figure, "share": lambda part: round(100 * part)}
    model = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = (folder / "model.safetensors").stat().st_size
    card = environment.get_template("card.md.jinja").render(
        name=folder.name,
        model=model,
        parameters=weights / 4 / 1e6,  # float32
        megabytes=weights / 1e6,
        tokens=log[-1].tokens,
        first=FIRST,
        second=SECOND,
        third=THIRD,
        millions=[phase.tokens // 1_000_000 for phase in Recipe().phases],
        table=_thinned(log),
        config=config,
        **figures,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def _thinned(log: Sequence[LogRow]) -> list[LogRow]:
    """About _ROWS rows, including the first and the last."""
    every = -(-len(log) // _ROWS)
    return [row for index, row in enumerate(log) if index % every == 0 or index == len(log) - 1]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _figure(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"


def _draw(log: Sequence[LogRow], path: Path) -> None:
    """Draw the loss over the tokens; the same log gives the same file."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - heavy
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise MissingDependencyError("matplotlib", "train", "drawing the loss curve") from error
    with mpl.rc_context({"svg.hashsalt": "astro", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7, 3.5), layout="constrained")
        axes = figure.subplots()
        axes.plot([row.tokens / 1e6 for row in log], [row.loss for row in log], marker=".")
        axes.set(xlabel="tokens seen, millions", ylabel="loss, nats a completion token", yscale="log")
        axes.grid(visible=True, which="both", alpha=0.3)
        figure.savefig(path, metadata={"Date": None})
