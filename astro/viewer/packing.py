"""Documents whose large columns are bytes: the page reads them as typed arrays and decodes a text when it shows it.

A packed document is the length of its JSON (8 bytes, little endian), the JSON, padded with spaces to a multiple of 8
bytes, and the parts. In the JSON, `{"at": OFFSET, "size": BYTES}` stands for each part; offsets are multiples of 8 and
count from the end of the JSON.
"""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from astro.records.columns import Row

_ALIGNED = 8  # bytes, enough for every type of number
_NO_NAME = 255  # the code of null


class Pack:
    """The parts of one packed document. Each method adds a column and returns what stands for it in the JSON."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def whole_numbers(self, column: pa.ChunkedArray) -> Row:
        """Whole numbers of at most 32 bits, or truth values, without nulls: Int32Array."""
        return self._add(column.to_numpy().astype("<i4").tobytes())

    def fractions(self, column: pa.ChunkedArray) -> Row:
        """Numbers: Float32Array, with NaN for null."""
        return self._add(column.to_numpy().astype("<f4").tobytes())

    def names(self, column: pa.ChunkedArray) -> Row:
        """Texts, fewer than 255 different ones, or null: a code for each, and the text of each code."""
        encoded = _one_array(column).dictionary_encode()
        codes = pc.fill_null(encoded.indices, _NO_NAME)
        return {
            "codes": self._add(codes.to_numpy(zero_copy_only=False).astype("u1").tobytes()),
            "names": encoded.dictionary.to_pylist(),
        }

    def texts(self, column: pa.ChunkedArray) -> Row:
        """Texts of any length, or null: the end of each in bytes, all bytes, and whether each is there."""
        array = pc.fill_null(_one_array(column), "")
        _, offsets, content = array.buffers()
        begins = array.offset
        ends = np.frombuffer(offsets, "<i4")[begins : begins + len(array) + 1] if len(array) else np.zeros(1, "<i4")
        text = memoryview(content or b"")[ends[0] : ends[-1]]
        missing = np.asarray(column.is_null()).astype("u1").tobytes() if column.null_count else None
        return {
            "ends": self._add((ends[1:] - ends[0]).tobytes()),
            "bytes": self._add(bytes(text)),
            "missing": None if missing is None else self._add(missing),
        }

    def json(self, value: Any) -> Row:
        """Anything that JSON can hold, which the page parses when it needs it."""
        return self._add(_json(value))

    def packed(self, document: bytes) -> Row:
        """Another packed document."""
        return self._add(document)

    def document(self, head: Row) -> bytes:
        """The packed document. head: its JSON, with what the other methods returned."""
        text = _json(head)
        text += b" " * (-len(text) % _ALIGNED)
        return b"".join([len(text).to_bytes(8, "little"), text, *self._parts])

    def _add(self, content: bytes) -> Row:
        part = {"at": self._size, "size": len(content)}
        padded = content + bytes(-len(content) % _ALIGNED)
        self._parts.append(padded)
        self._size += len(padded)
        return part


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
