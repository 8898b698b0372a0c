"""The record of a round: its inputs and what it produced."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

ROUNDS = "rounds"  # folder with one run directory per round
RECORD = "round.json"  # in the run directory of a finished round


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One training of one arm.

    name: the model's name in tables, such as astro-sft. path: its folder. start: the model that training started from.
    data: the data set of the training.
    sha256, start_sha256, data_sha256: hashes of the model, of the one that training started from, and of the training
        rows, 16 hexadecimal digits each (astro.train.checkpoint.content_hash); None for a model on the hub.
    """

    name: str
    path: str
    start: str
    data: str
    sha256: str | None = None
    start_sha256: str | None = None
    data_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One round.

    stages: its plan. searcher: the model that searched and rewrote, in this round or in the one whose trees it reused.
    trees_of: the round whose trees were reused; None if this round searched or needed no trees.
    rows: training rows by data set. models: in training order.
    last, last_name: path and name in tables of the model that the next round may start from; last_name is None if this
        round trained no model.
    config_hash: identity of the configuration that made the round's trees and traces; it is in the provenance of every
        row of the round's data sets.
    """

    round: int
    stages: tuple[str, ...]
    searcher: str
    trees_of: int | None
    rows: Mapping[str, int]
    models: tuple[TrainedModel, ...]
    last: str
    last_name: str | None
    config_hash: str = ""

    def as_json(self) -> str:
        """The content of RECORD."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a record. Raises ValueError, TypeError or KeyError if text is not one."""
        content = json.loads(text)
        content["models"] = tuple(TrainedModel(**model) for model in content["models"])
        content["stages"] = tuple(content["stages"])
        return cls(**content)
