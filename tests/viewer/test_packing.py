import math

import pyarrow as pa
import pytest
from viewed import part_of, texts_of, unpacked

from astro.viewer.packing import Pack

WORDS = ["one", "", None, "zw\u00f6lf \U0001f600", "\ufeffmark", "x" * 5000]


def test_numbers_are_arrays_of_the_machine() -> None:
    """Whole numbers have 4 bytes and fractions too; null is NaN, and a truth value 0 or 1."""
    pack = Pack()
    head = {
        "whole": pack.whole_numbers(pa.chunked_array([[1, -1], [2**31 - 1]])),
        "true": pack.whole_numbers(pa.chunked_array([[True, False]])),
        "parts": pack.fractions(pa.chunked_array([[0.5, None]], pa.float64())),
    }
    read, parts = unpacked(pack.document(head))
    assert memoryview(part_of(read["whole"], parts)).cast("i").tolist() == [1, -1, 2**31 - 1]
    assert memoryview(part_of(read["true"], parts)).cast("i").tolist() == [1, 0]
    half, nothing = memoryview(part_of(read["parts"], parts)).cast("f").tolist()
    assert half == 0.5
    assert math.isnan(nothing)


@pytest.mark.parametrize("start", [0, 1, 4, 6])
def test_texts_come_back_from_any_slice(start: int) -> None:
    """Chunks, slices, empty and missing texts and characters of several bytes are what they were."""
    column = pa.chunked_array([WORDS[:4], WORDS[4:]], pa.string()).slice(start)
    pack = Pack()
    read, parts = unpacked(pack.document({"texts": pack.texts(column)}))
    assert texts_of(read["texts"], parts) == WORDS[start:]


def test_names_are_codes() -> None:
    """Each different text has a code; null has one without a name."""
    pack = Pack()
    read, parts = unpacked(pack.document({"names": pack.names(pa.chunked_array([["a", None], ["b", "a"]]))}))
    names = read["names"]["names"]
    codes = list(part_of(read["names"]["codes"], parts))
    assert [names[code] if code < len(names) else None for code in codes] == ["a", None, "b", "a"]


def test_a_part_begins_where_a_typed_array_may() -> None:
    """Every part, of a document in a document too, begins at a multiple of 8 bytes from the start of the file."""
    inner = Pack()
    document = inner.document({"odd": inner.json("x"), "numbers": inner.whole_numbers(pa.chunked_array([[7]]))})
    outer = Pack()
    outer.json([1])
    whole = outer.document({"held": outer.packed(document)})
    head, parts = unpacked(whole)
    start = len(whole) - len(parts) + head["held"]["at"]
    assert start % 8 == 0
    read, numbers = unpacked(part_of(head["held"], parts))
    assert read["numbers"]["at"] % 8 == 0
    assert memoryview(part_of(read["numbers"], numbers)).cast("i").tolist() == [7]
