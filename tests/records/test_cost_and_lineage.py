import json

import pytest

from astro.records.cost import COSTS, Cost
from astro.records.lineage import Artifact, Lineage

BASE = Lineage(Artifact.MODEL, "some/model")
TREES = Lineage(Artifact.TREES, "rounds/1/trees", "ab" * 32, (BASE,))
DATA = Lineage(Artifact.DATA, "rounds/1/datasets/sft", "cd" * 32, (TREES,))
TUNED = Lineage(Artifact.CHECKPOINT, "rounds/1/checkpoints/astro/sft", "0123456789abcdef", (BASE, DATA))


def test_costs_add_up_field_by_field() -> None:
    """sum() starts with a Cost; the parts are as they were."""
    one, two = Cost(1, 10, 4, 20, 1.5), Cost(2, 100, 0, 200, 0.5)
    assert sum([one, two], Cost()) == Cost(3, 110, 4, 220, 2.0)
    assert (one.prefilled_tokens, one.hit_rate, Cost().hit_rate) == (6, 0.4, 0.0)


def test_every_field_of_a_cost_is_a_column() -> None:
    """What is added to the record must be added to the table."""
    assert {"problem_id", *Cost.__slots__} == set(COSTS.names)


def test_a_lineage_survives_json() -> None:
    """With all its ancestors."""
    assert Lineage.from_json(json.loads(json.dumps(TUNED.as_json()))) == TUNED


def test_each_ancestor_is_walked_once() -> None:
    """The base model is the parent of the checkpoint and of the trees; it comes up once."""
    walked = list(TUNED.walk())
    assert walked[0] == TUNED
    assert sorted(found.path for found in walked) == sorted(found.path for found in (TUNED, BASE, DATA, TREES))


@pytest.mark.parametrize("content", [{}, {"kind": "soup", "path": "p", "identity": "", "parents": []}, {"parents": 3}])
def test_anything_else_is_no_lineage(content: dict[str, object]) -> None:
    """A ValueError, whatever is wrong."""
    with pytest.raises(ValueError, match=r"lineage|soup"):
        Lineage.from_json(content)
