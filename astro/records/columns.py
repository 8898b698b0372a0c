"""Declaration of a table: its columns with type, unit and meaning, and how each is computed from a record.

A table is declared once, beside its record. The rest is derived from the declaration: the Arrow schema, the conversion
from record to row and back, graph attributes, and the documentation page (`python -m tools.tables`).
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
    """The type of a cell that holds a list, possibly empty."""

    item: "Kind"


@dataclass(frozen=True, slots=True)
class Struct:
    """The type of a cell with named parts: a mapping, or a tuple in column order."""

    columns: tuple["Column", ...]


Kind = Scalar | ListOf | Struct


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    name, kind: as in Arrow. meaning: one line of documentation. unit: of a number, such as tokens, seconds or nats.
    nullable: whether a cell may be null.
    values: the enumeration of the cells; restored cells are its members.
    read: computes the cell from a record: a function, or an attribute path such as verdict.answer. The default is the
        record's field of the same name.
    restore: computes the record's field of the same name from a non-null cell.

    A column with read and no restore is derived from other fields, so reading it back restores no field.
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
        """The function that computes the cell of a record."""
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
        """The Arrow schema. It is the same in every run, so shards of several runs can be read together."""
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only tables need it

        return pa.schema([column.arrow() for column in self.columns])

    def cells(self, record: Any) -> Row:
        """The cell of each column for one record; for a Tree, the whole column."""
        return {name: read(record) for name, read in self._readers}

    def write(self, records: Iterable[Any]) -> "pa.Table":
        """A table with one row per record."""
        return self.from_rows([self.cells(record) for record in records])

    def from_rows(self, rows: Sequence[Mapping[str, Any]]) -> "pa.Table":
        """A table of rows made by cells(); see columns_table()."""
        return rows_table(rows, self.schema)

    def from_columns(self, columns: Mapping[str, Sequence[Any]]) -> "pa.Table":
        """A table of whole columns; see columns_table()."""
        return columns_table(columns, self.schema)

    def fields(self, cells: Mapping[str, Any]) -> Row:
        """The record's fields restored from one row, by name."""
        return {name: restore(cells[name]) for name, restore in self._restorers}

    @cached_property
    def _readers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(column.name, column.reader) for column in self.columns]

    @cached_property
    def _restorers(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(column.name, _restorer(column)) for column in self.columns if column.is_field]


def rows_table(rows: Sequence[Mapping[str, Any]], schema: "pa.Schema") -> "pa.Table":
    """A table of rows, each with every column of the schema; see columns_table()."""
    return columns_table({name: [row[name] for row in rows] for name in schema.names}, schema)


def columns_table(columns: Mapping[str, Sequence[Any]], schema: "pa.Schema") -> "pa.Table":
    """A table of columns. A remote engine may send lone surrogates, which UTF-8 cannot encode: they become U+FFFD."""
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
    """The value with lone surrogates replaced at any depth, as Arrow requires."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _without_surrogates(content) for key, content in value.items()}
    if isinstance(value, tuple):
        return tuple(_without_surrogates(content) for content in value)
    return [_without_surrogates(content) for content in value] if isinstance(value, list) else value
