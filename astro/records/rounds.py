"""What a round was made from and what it made."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

ROUNDS = "rounds"  # the folder of a run of rounds, with a run directory for each
RECORD = "round.json"  # of a finished round, in its run directory


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """One training of one arm.

    name: of the model in tables, such as astro-sft. path: its folder. start: the model it started from.
    data: the data set it was trained on.
    """

    name: str
    path: str
    start: str
    data: str


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One round.

    stages: its plan. searcher: the model that searched and rewrote, or that made the trees of another round.
    trees_of: the number of the round whose trees were used, or None where this round searched or needed none.
    rows: rows to train on by data set. models: in the order in which they were trained.
    last: the model that the next round may start from, and last_name its name in tables, None where this round
    trained none.
    """

    round: int
    stages: tuple[str, ...]
    searcher: str
    trees_of: int | None
    rows: Mapping[str, int]
    models: tuple[TrainedModel, ...]
    last: str
    last_name: str | None

    def as_json(self) -> str:
        """The record as the file of a round holds it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a record. Raises ValueError, TypeError or KeyError where the text holds something else."""
        content = json.loads(text)
        content["models"] = tuple(TrainedModel(**model) for model in content["models"])
        content["stages"] = tuple(content["stages"])
        return cls(**content)
