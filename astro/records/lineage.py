"""What was made from what: each artifact of a run names its identity and its parents."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Artifact(StrEnum):
    """The kinds of things that stages make from each other."""

    PROBLEMS = "problems"
    TREES = "trees"
    TRACES = "traces"
    DATA = "data"
    CHECKPOINT = "checkpoint"
    EVALUATION = "evaluation"
    MODEL = "model"  # one that no stage made: a hub name or a folder outside the run


@dataclass(frozen=True, slots=True)
class Lineage:
    """One artifact and what it was made from.

    kind: what it is. path: relative to the run's folder; of a model from outside, its name or folder.
    identity: hexadecimal SHA-256 of its content, or the hash of the settings that made it; "" where there is none.
    parents: what it was made from, each with its own parents, in the order of use.
    """

    kind: Artifact
    path: str
    identity: str = ""
    parents: tuple["Lineage", ...] = ()

    def walk(self) -> Iterator["Lineage"]:
        """This artifact and all it comes from, each once, the nearest first."""
        seen: set[Lineage] = set()
        waiting = [self]
        while waiting:
            artifact = waiting.pop(0)
            if artifact not in seen:
                seen.add(artifact)
                waiting += artifact.parents
                yield artifact

    def as_json(self) -> dict[str, Any]:
        """JSON-able content; from_json() reads it back."""
        return asdict(self) | {"kind": self.kind.value, "parents": [parent.as_json() for parent in self.parents]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Lineage":
        """The lineage that as_json() wrote. Raises ValueError if the content is something else."""
        try:
            parents = tuple(cls.from_json(parent) for parent in content["parents"])
            return cls(Artifact(content["kind"]), str(content["path"]), str(content["identity"]), parents)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a lineage: {json.dumps(content, default=str)[:200]} ({error!r})") from error
