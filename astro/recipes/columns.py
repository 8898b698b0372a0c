"""The declaration of a data set's columns, and the Arrow schema that follows from it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Scalar = Literal["string", "int32", "int64", "float64", "bool"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A cell holds a list, possibly empty."""

    item: "Kind"


@dataclass(frozen=True, slots=True)
class Struct:
    """A cell holds named parts."""

    columns: tuple["Column", ...]


Kind = Scalar | ListOf | Struct


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    name, kind: as in Arrow. meaning: one line of documentation. unit: of numbers, such as tokens, seconds, nats.
    nullable: whether a cell may be null.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False

    def arrow(self) -> "pa.Field":
        """The field of an Arrow schema."""
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

        return pa.field(self.name, _arrow_type(self.kind), nullable=self.nullable)


@dataclass(frozen=True)
class Table:
    """A table: name, meaning (what one row is), and its columns in order."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def schema(self) -> "pa.Schema":
        """The Arrow schema: the same in every run, so that shards of several runs can be read together."""
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

        return pa.schema([column.arrow() for column in self.columns])


def _arrow_type(kind: Kind) -> "pa.DataType":
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

    if isinstance(kind, ListOf):
        return pa.list_(_arrow_type(kind.item))
    if isinstance(kind, Struct):
        return pa.struct([column.arrow() for column in kind.columns])
    return pa.type_for_alias(kind)
