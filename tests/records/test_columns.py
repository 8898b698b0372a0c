from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
import pytest

from astro.records.columns import Column, ListOf, Struct, Table
from astro.records.problem import PROBLEMS, Problem


class Shade(StrEnum):
    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True)
class Leaf:
    name: str
    shade: Shade | None
    spots: tuple[tuple[int, str], ...]
    size: float


SPOT = Struct((Column("at", "int32", "where"), Column("text", "string", "what", nullable=True)))
LEAVES = Table(
    "leaves",
    "One row a leaf.",
    (
        Column("name", "string", "its name"),
        Column("shade", "string", "its shade", nullable=True, values=Shade),
        Column("spots", ListOf(SPOT), "its spots", restore=lambda cells: tuple((c["at"], c["text"]) for c in cells)),
        Column("size", "float64", "its size", "cm"),
        Column("large", "bool", "above 1 cm", read=lambda leaf: leaf.size > 1),
        Column("first", "string", "of its name", read="name.__class__.__name__"),
    ),
)


def test_the_schema_follows_from_the_columns() -> None:
    """Types, order and nullability, also inside lists of structs."""
    spot = pa.struct([pa.field("at", pa.int32(), nullable=False), pa.field("text", pa.string())])
    assert pa.schema(
        [
            pa.field("name", pa.string(), nullable=False),
            pa.field("shade", pa.string()),
            pa.field("spots", pa.list_(spot), nullable=False),
            pa.field("size", pa.float64(), nullable=False),
            pa.field("large", pa.bool_(), nullable=False),
            pa.field("first", pa.string(), nullable=False),
        ]
    ).equals(LEAVES.schema)


@pytest.mark.parametrize("shade", [Shade.DARK, Shade.LIGHT, None])
def test_a_record_comes_back_from_its_row(shade: Shade | None) -> None:
    """Enumerations as members, lists by their own function; columns that follow from others restore no field."""
    leaf = Leaf("a", shade, ((1, "x"), (2, "")), 2.5)
    (row,) = LEAVES.write([leaf]).to_pylist()
    assert (row["large"], row["first"], row["shade"]) == (True, "str", shade)
    fields = LEAVES.fields(row)
    assert fields.keys() == {"name", "shade", "spots", "size"}
    assert Leaf(**fields) == leaf
    assert fields["spots"] == leaf.spots
    assert type(fields["shade"]) is type(shade)


def test_half_of_a_surrogate_pair_is_replaced_at_any_depth() -> None:
    """Also inside a tuple that stands for a struct; whole pairs and other text stay."""
    table = LEAVES.write([Leaf("x\ud800y 🙂", None, ((1, "\udfff"),), 0.0)])
    (row,) = table.to_pylist()
    assert row["name"] == "x\ufffdy 🙂"
    assert row["spots"] == [{"at": 1, "text": "\ufffd"}]


def test_a_missing_cell_is_an_error() -> None:
    """A row without one of the columns is a bug of its writer, never a null."""
    with pytest.raises(KeyError, match="answer"):
        PROBLEMS.from_rows([{"id": "a", "prompt": "p"}])


def test_a_table_without_rows_has_its_columns() -> None:
    """So that shards of several runs can be read together."""
    assert PROBLEMS.write([]).schema.equals(PROBLEMS.schema)
    assert Problem.from_row(PROBLEMS.write([Problem("a", "p", "1", "math")]).to_pylist()[0]).metadata == {}
