"""The declaration of a table: its columns with type, unit and meaning, and how they follow from a record.

A table is declared once, beside the record that it holds. Everything else is made from the declaration: the Arrow
schema, the rows of a record and the fields to restore it, the attributes of a graph, and the page of documentation
(`python -m tools.tables`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
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
    """A cell holds named parts: a mapping, or a tuple in the order of the columns."""

    columns: tuple["Column", ...]


Kind = Scalar | ListOf | Struct


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    name, kind: as in Arrow. meaning: one line of documentation. unit: of numbers, such as tokens, seconds, nats.
    nullable: whether a cell may be null.
    values: the enumeration that the cells belong to; restored as its members.
    read: makes the cell from a record: a function, or the path of an attribute, such as verdict.answer. By default the
        cell is the record's field of the same name.
    restore: makes the record's field of the same name from a cell that is not null.
    A column with read and without restore follows from other fields and restores none.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    nullable: bool = False
    values: type[StrEnum] | None = None
    read: Callable[[Any], Any] | str | None = None
    restore: Callable[[Any], Any] | None = None

    @property
    def reader(self) -> Callable[[Any], Any]:
        """Gives the cell of a record."""
        return self.read if callable(self.read) else attrgetter(self.read or self.name)

    @property
    def is_field(self) -> bool:
        """Whether the column restores the record's field of its name."""
        return self.read is None or self.restore is not None

    def arrow(self) -> "pa.Field":
        """The field of an Arrow schema."""
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

        return pa.field(self.name, _arrow_type(self.kind), nullable=self.nullable)


@dataclass(frozen=True)
class Table:
    """A table: name as in its files, meaning (what one row is), and its columns in order."""

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

    def cells(self, record: Any) -> Row:
        """The cell of each column for one record; the whole column where the record is a Tree."""
        return {name: read(record) for name, read in self._readers}

    def write(self, records: Iterable[Any]) -> "pa.Table":
        """One row a record."""
        return self.from_rows([self.cells(record) for record in records])

    def from_rows(self, rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
        """Rows, as cells() makes them, as a table; see columns_table()."""
        return rows_table(rows, self.schema)

    def from_columns(self, columns: Mapping[str, Sequence[Any]]) -> "pa.Table":
        """Whole columns as a table; see columns_table()."""
        return columns_table(columns, self.schema)

    def fields(self, cells: Mapping[str, Any]) -> Row:
        """The record's fields that one row restores, by name."""
        return {name: restore(cells[name]) for name, restore in self._restorers}

    @cached_property
    def _readers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(column.name, column.reader) for column in self.columns]

    @cached_property
    def _restorers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(column.name, _restorer(column)) for column in self.columns if column.is_field]


def rows_table(rows: Sequence[Mapping[str, Any]], schema: "pa.Schema") -> "pa.Table":
    """Rows as a table; every row has every column of the schema. See columns_table()."""
    return columns_table({name: [row[name] for row in rows] for name in schema.names}, schema)


def columns_table(columns: Mapping[str, Sequence[Any]], schema: "pa.Schema") -> "pa.Table":
    """Columns as a table. Lone surrogates, which no file can hold and a remote engine may send, become U+FFFD."""
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

    try:
        arrays = [pa.array(columns[field.name], field.type) for field in schema]
    except UnicodeEncodeError:
        arrays = [pa.array(_without_surrogates(list(columns[field.name])), field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _arrow_type(kind: Kind) -> "pa.DataType":
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

    if isinstance(kind, ListOf):
        return pa.list_(_arrow_type(kind.item))
    if isinstance(kind, Struct):
        return pa.struct([column.arrow() for column in kind.columns])
    return pa.type_for_alias(kind)


def _restorer(column: Column) -> Callable[[Any], Any]:
    convert = column.restore or column.values
    if convert is None:
        return _same
    return lambda cell: None if cell is None else convert(cell)


def _same(cell: Any) -> Any:
    return cell


def _without_surrogates(value: Any) -> Any:
    """The same cells, as Arrow takes them: half of a surrogate pair is replaced at any depth."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _without_surrogates(content) for key, content in value.items()}
    if isinstance(value, tuple):
        return tuple(_without_surrogates(content) for content in value)
    return [_without_surrogates(content) for content in value] if isinstance(value, list) else value
