"""Values between a sandboxed program and its judge: exact built-in types in, exact built-in types out.

No object with its own __eq__ crosses, so a comparison on the other side can be trusted. A frame is a length and that
many bytes. Standard library only: this runs inside the sandbox.
"""

import itertools
import socket
import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_FRAME = 4 << 20  # bytes of one value
_MAX_DEPTH = 100
_MAX_ELEMENTS = 100_000
_SAFE_INT = 1 << 53
_HEADER = struct.Struct("!I")


class ValueRefusedError(Exception):
    """A value that is not made of built-in types, or is too large."""


def send(connection: socket.socket, payload: bytes) -> None:
    """Write one frame."""
    connection.sendall(_HEADER.pack(len(payload)) + payload)


def receive(connection: socket.socket, limit: int = MAX_FRAME) -> bytes:
    """Read one frame. Raises ConnectionError at the end of the stream, or when more than limit bytes are announced."""
    size = _HEADER.unpack(_exactly(connection, _HEADER.size))[0]
    if size > limit:
        raise ConnectionError(f"a frame of {size} bytes")
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = connection.recv(min(size - len(chunks), 1 << 16))
        if not chunk:
            raise ConnectionResetError("the other side has ended")
        chunks += chunk
    return bytes(chunks)


def encode(value: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one return for each kind of value
    """Encode a value as JSON. Raises ValueRefusedError for anything but built-in types, by exact type."""
    if depth > _MAX_DEPTH:
        raise ValueRefusedError("a value nested too deep")
    kind = type(value)
    if value is None or kind in {bool, str}:
        return value
    if kind is int:
        return value if -_SAFE_INT < value < _SAFE_INT else ["int", hex(value)]
    if kind in _LEAVES:
        return [kind.__name__, *_LEAVES[kind](value)]
    if kind in {dict, OrderedDict, defaultdict, Counter}:
        return ["dict", *([encode(k, depth + 1), encode(v, depth + 1)] for k, v in dict.items(value))]
    if kind in _SEQUENCES:
        return [kind.__name__, *(encode(element, depth + 1) for element in value)]
    if kind.__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        plain = value.tolist()
        return encode(plain, depth + 1)
    if isinstance(value, Iterator):
        taken = list(itertools.islice(value, _MAX_ELEMENTS))
        return ["iterator", *(encode(element, depth + 1) for element in taken)]
    raise ValueRefusedError(f"a value of type {kind.__name__[:60]}")


def decode(form: Any) -> Any:
    """Decode what encode returned. Raises ValueRefusedError for any other form."""
    if form is None or type(form) in {bool, str, int}:
        return form
    try:
        name, *parts = form
        if name == "dict":
            return {decode(k): decode(v) for k, v in parts}
        if name == "iterator":
            return iter([decode(part) for part in parts])
        if name in _CONTAINERS:
            return _CONTAINERS[name](decode(part) for part in parts)
        return _READERS[name](*parts)
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise ValueRefusedError("a damaged value") from error


_SEQUENCES = frozenset({list, tuple, set, frozenset, deque})
_CONTAINERS: dict[str, Callable[[Any], Any]] = {kind.__name__: kind for kind in _SEQUENCES}
_LEAVES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    float: lambda x: (x.hex(),),
    complex: lambda x: (x.real.hex(), x.imag.hex()),
    bytes: lambda x: (x.hex(),),
    bytearray: lambda x: (x.hex(),),
    range: lambda x: (hex(x.start), hex(x.stop), hex(x.step)),
    Fraction: lambda x: (hex(x.numerator), hex(x.denominator)),
    Decimal: lambda x: (str(x),),
}
_READERS: dict[str, Callable[..., Any]] = {
    "int": lambda text: int(text, 16),
    "float": float.fromhex,
    "complex": lambda real, imaginary: complex(float.fromhex(real), float.fromhex(imaginary)),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "range": lambda *texts: range(*(int(text, 16) for text in texts)),
    "Fraction": lambda n, d: Fraction(int(n, 16), int(d, 16)),
    "Decimal": Decimal,
}
