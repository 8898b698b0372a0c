"""Files and data sets as streams of rows. Except for a JSON object that holds them, only the current row is in memory.

A broken row is yielded as the BadRowError that describes it, and the stream continues.
"""

import codecs
import csv
import gzip
import io
import itertools
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from astro.errors import ProblemsError
from astro.records.rejection import BadRowError, Reason

TEXT_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")  # each may be followed by .gz
SUFFIXES = (*TEXT_SUFFIXES, ".parquet")
_LONGEST_LINE = 1 << 24  # bytes; a longer line or CSV field means a damaged file

_BLOCK = 1 << 20
_MOST_BLANKS = 16 << 20  # bytes in a row
_LINE = 160  # bytes that take as long to read as one line more
_MOST_SKIPPED = 64 << 20  # bytes of a line that is too long
_LARGEST_VALUE = 256 << 20  # bytes of one JSON value
_LONGEST_TOKEN = 20  # characters; a mistake closer to the end of a block may be a value that is cut there
_BLANKS = re.compile(r"[ \t\n\r]*")
_PARSE = json.JSONDecoder().raw_decode


class Row(NamedTuple):
    """A row with its line (of a text file, where the row ends) or its number in a table, from 1.

    text: the start of the row in the file, if content does not show it.
    file: the file, if the source is a folder of files.
    """

    line: int
    content: Mapping[str, Any] | BadRowError
    text: str = ""
    file: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """Stream the rows of one file. Its suffix determines the format.

    Raises ProblemsError if the file cannot be opened or does not have that format at all.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")
    if suffix not in SUFFIXES:
        raise ProblemsError(f"{path} has an unknown format; readable are {', '.join(SUFFIXES)}, also with .gz")
    try:
        if suffix == ".parquet":
            yield from _parquet_rows(path)
        elif suffix in (".csv", ".tsv"):
            yield from _csv_rows(path, "\t" if suffix == ".tsv" else ",")
        elif suffix == ".json":
            yield from _json_rows(path)
        else:
            yield from _json_lines(path)
    except (OSError, EOFError, zlib.error) as error:  # the last two for a truncated and a damaged gzip file
        raise ProblemsError(f"cannot read {path}: {error}") from error


def table_rows(rows: Iterator[Mapping[str, Any]]) -> Iterator[Row]:
    """Number the rows of a decoded table."""
    for number, row in enumerate(rows, 1):
        yield Row(number, row)


def _open(path: Path) -> io.BufferedIOBase:
    stream = path.open("rb")
    if stream.read(2) == b"\x1f\x8b":
        stream.close()
        return gzip.open(path, "rb")
    stream.seek(0)
    return stream


def _json_lines(path: Path) -> Iterator[Row]:
    blanks = 0
    with _open(path) as stream:
        for number in itertools.count(1):
            line = stream.readline(_LONGEST_LINE)
            if not line:
                return
            too_long = _is_cut(line)
            if too_long:
                _skip_line(stream, path, number)
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line.strip():
                content = _unreadable(f"longer than {_LONGEST_LINE} bytes") if too_long else _parsed(line)
                yield Row(number, content, line[:800].decode(errors="replace"))
                blanks = 0
            elif (blanks := blanks + max(len(line), _LINE)) > _MOST_BLANKS:
                raise ProblemsError(f"{path}: too many blank lines in a row, up to line {number}")


def _is_cut(line: bytes) -> bool:
    return len(line) == _LONGEST_LINE and not line.endswith(b"\n")


def _skip_line(stream: io.BufferedIOBase, path: Path, number: int) -> None:
    """Read to the end of a line that is too long. Raises ProblemsError if the end does not come."""
    skipped = 0
    while _is_cut(stream.readline(_LONGEST_LINE)):
        skipped += _LONGEST_LINE
        if skipped > _MOST_SKIPPED:
            raise ProblemsError(f"{path}: line {number} does not end within {_MOST_SKIPPED >> 20} MiB")


def _parsed(text: bytes) -> Mapping[str, Any] | BadRowError:
    try:
        return _row(json.loads(text.decode().strip()))
    except RecursionError:
        return _unreadable("JSON nested too deep")
    except UnicodeDecodeError as error:
        return _unreadable(f"not UTF-8: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        return _unreadable(f"not JSON: {error.msg} at column {error.colno}")
    except ValueError as error:  # a number with thousands of digits
        return _unreadable(f"not JSON: {error}")


def _row(content: Any) -> Mapping[str, Any] | BadRowError:
    if isinstance(content, Mapping):
        return content
    return BadRowError(Reason.WRONG_TYPE, f"a row must be an object with named fields, not {type(content).__name__}")


def _unreadable(detail: str) -> BadRowError:
    return BadRowError(Reason.UNREADABLE, detail)


def _json_rows(path: Path) -> Iterator[Row]:
    """Rows of a JSON list, of an object that holds one list of rows, of a single object, or of JSON Lines."""
    with _open(path) as stream:
        head = _after_blanks(stream, path)
        if head.startswith(b"["):
            yield from map(_json_row, itertools.count(1), _elements(head, stream, path))
            return
        text = head + stream.read(_LARGEST_VALUE)
    is_lines = b"\n" in text.strip()  # JSON Lines files are often named .json
    try:
        content = _whole(text)
    except (ValueError, RecursionError) as error:
        if is_lines:
            yield from _json_lines(path)
            return
        raise ProblemsError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, Mapping):
        raise ProblemsError(f"{path} must hold a list of rows, not {type(content).__name__}")
    lists = [value for value in content.values() if isinstance(value, list) and value and _is_rows(value)]
    yield from map(_json_row, itertools.count(1), lists[0] if len(lists) == 1 else [content])


def _whole(text: bytes) -> Any:
    if len(text) > _LARGEST_VALUE:
        raise ValueError(f"one value of more than {_LARGEST_VALUE >> 20} MiB; make its rows JSON Lines")
    return json.loads(text)


def _json_row(number: int, value: Any) -> Row:
    return Row(number, _row(value), "" if isinstance(value, Mapping) else repr(value)[:800])


def _elements(head: bytes, stream: io.BufferedIOBase, path: Path) -> Iterator[Any]:
    """The elements of a JSON list that begins with head, one by one. Raises ProblemsError where it is not valid."""
    try:
        yield from _JsonText(head, stream).elements()
    except (ValueError, RecursionError) as error:
        raise ProblemsError(f"{path} is not valid JSON: {error}") from error


class _JsonText:
    """JSON that is read value by value, a block at a time. ijson would refuse NaN and make every number a Decimal."""

    def __init__(self, head: bytes, stream: io.BufferedIOBase) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._stream, self._text, self._at, self._ended = stream, self._decode(head), 0, False

    def elements(self) -> Iterator[Any]:
        """The elements of a list. Raises ValueError where it is not valid, or if more follows it."""
        self.take()
        mark = self.take() if self.next() == "]" else ","
        while mark == ",":
            yield self.value()
            mark = self.take()
        if mark != "]":
            raise ValueError(f"{mark!r} follows an element" if mark else "the list has no end")
        if self.next():
            raise ValueError(f"{self.next()!r} follows the list")

    def next(self) -> str:
        """The next character that is not blank; "" at the end."""
        for _ in range(_MOST_BLANKS // _BLOCK):
            self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr] # it matches anywhere
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]
        raise ValueError(f"{_MOST_BLANKS >> 20} MiB in a row are blank")

    def take(self) -> str:
        """Like next(), and goes on behind it."""
        mark = self.next()
        self._at += len(mark)
        return mark

    def value(self) -> Any:
        """The next value. Raises ValueError if it is not valid, or too large."""
        self.next()
        while True:
            try:
                value, end = _PARSE(self._text, self._at)
                if end < len(self._text) or self._ended:  # otherwise a number may go on
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_TOKEN
                if self._ended or not cut:
                    raise
            if len(self._text) - self._at > _LARGEST_VALUE:
                raise ValueError(f"an element has more than {_LARGEST_VALUE >> 20} MiB")
            self._more()

    def _more(self) -> bool:
        """Take in another block, at least as long as what is left; whether there was one."""
        left = self._text[self._at :]
        block = self._stream.read(max(_BLOCK, len(left)))
        self._text, self._at, self._ended = left + self._decode(block, not block), 0, not block
        return not self._ended


def _after_blanks(stream: io.BufferedIOBase, path: Path) -> bytes:
    """The first bytes that are not blank. Raises ProblemsError if they cannot begin JSON, before the rest is read."""
    for _ in range(_MOST_BLANKS // _BLOCK):
        block = stream.read(_BLOCK)
        head = block.removeprefix(b"\xef\xbb\xbf").lstrip()
        if head[:1] and head[:1] not in b'{["-0123456789tfn':
            raise ProblemsError(f"{path} is not valid JSON: it begins with {head[:20]!r}")
        if head or not block:
            return head
    raise ProblemsError(f"{path} is not valid JSON: its first {_MOST_BLANKS >> 20} MiB are blank")


def _is_rows(values: list[Any]) -> bool:
    # Chat messages are a list of objects, too, but inside a row.
    return all(isinstance(value, Mapping) and "role" not in value for value in values)


def _csv_rows(path: Path, delimiter: str) -> Iterator[Row]:
    # A reasoning model's text can exceed the csv module's default limit of 131,072 characters.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_LINE))
    with _open(path) as stream:
        # Bytes that are not UTF-8 become lone surrogates, so that only their row is rejected.
        lines = (line.decode(errors="surrogateescape") for line in _bounded_lines(stream, path))
        first = next(lines, "").removeprefix("\ufeff")
        header: list[str] | None = None
        for line, cells, text in _csv_records(itertools.chain([first], lines), delimiter):
            if isinstance(cells, csv.Error):
                yield Row(line, _unreadable(f"not CSV: {cells}"), text)
            elif not cells:
                continue  # a blank line
            elif header is None:
                header = cells
                twice = [name for name, count in Counter(cells).items() if name and count > 1]
                if twice:
                    raise ProblemsError(f"{path} has two columns named {twice[0]!r}; rename one of them")
            else:
                yield Row(line, _csv_row(header, cells), text)


def _bounded_lines(stream: io.BufferedIOBase, path: Path) -> Iterator[bytes]:
    for number in itertools.count(1):
        line = stream.readline(_LONGEST_LINE)
        if not line:
            return
        if _is_cut(line):
            raise ProblemsError(f"{path} is not CSV: line {number} has more than {_LONGEST_LINE >> 20} MiB")
        yield line


def _csv_records(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | csv.Error, str]]:
    """Yield each record with the number of its last line and its text.

    An unclosed quote swallows the lines up to the next quote or the end. In that case only the line with the quote is
    an error, and the other lines are read again, one by one.
    """
    again: list[str] = []  # lines to read again, the next one last
    taken: list[str] = []

    def take() -> Iterator[str]:
        while (line := again.pop() if again else next(lines, None)) is not None:
            taken.append(line)
            yield line

    number = 0
    while True:
        taken.clear()
        cells: list[str] | csv.Error
        try:
            cells = next(csv.reader(take(), delimiter=delimiter, skipinitialspace=True, strict=True))
        except StopIteration:
            return
        except csv.Error as error:
            cells = error
            again += reversed(taken[1:])
            del taken[1:]
        number += len(taken)
        yield number, cells, "".join(taken)


def _csv_row(header: list[str], cells: list[str]) -> Mapping[str, Any] | BadRowError:
    if len(cells) != len(header):
        return _unreadable(f"{len(cells)} fields where the header has {len(header)}")
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        return _unreadable("not UTF-8")
    return dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and most files are not Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            yield from table_rows(row for batch in file.iter_batches(batch_size=1_000) for row in batch.to_pylist())
    except pa.ArrowException as error:
        raise ProblemsError(f"{path} is not readable Parquet: {error}") from error
