"""A seccomp filter for a process that only computes: it may make the calls of astro.verify.syscalls and no others.

A refused call fails with EPERM, which a program sees as an ordinary error. The filter is installed last, by prctl,
without any library: the sandboxed interpreter has no packages, and libseccomp is not installed everywhere. Linux on
x86-64 and aarch64; elsewhere available() is False.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Sequence

from astro.verify import syscalls
from astro.verify.syscalls import Numbers

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF opcodes
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32  # offsets in struct seccomp_data, low halves
_FIFTH, _HIGH = 48, 4  # an address has a high half
_X32 = 0x40000000  # the x32 calls of x86-64 have numbers of their own


def available() -> bool:
    """Whether there is a filter for this machine."""
    return platform.machine() in syscalls.MACHINES


def install(*, own_root: bool) -> None:
    """Install the filter in this process; PR_SET_NO_NEW_PRIVS must be set. Raises OSError where the kernel refuses.

    own_root: whether the process sees no files but its own and read-only ones; it may then change modes and times.
    """
    architecture, column = syscalls.MACHINES[platform.machine()]
    load(_program(architecture, column, os.getpid(), own_root=own_root))


def load(program: bytes) -> None:
    """Install a BPF program, 8 bytes an instruction, in this process. Raises OSError where the kernel refuses."""
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(header), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _program(architecture: int, column: int, pid: int, *, own_root: bool) -> bytes:
    """The BPF program. Each test returns at once when it matches and falls through if not."""
    code = [
        instruction(_LOAD, _ARCHITECTURE),
        instruction(_EQUAL, architecture, 1, 0),
        _REFUSE,
        instruction(_LOAD, _NUMBER),
        instruction(_AT_LEAST, _X32, 0, 1),
        _REFUSE,
        instruction(_AT_LEAST, syscalls.NEWEST + 1, 0, 1),
        _ABSENT,
        # Their flags are in memory. A library that tries them first falls back to clone and openat.
        *_answer(syscalls.CLONE3, column, [_ABSENT]),
        *_answer(syscalls.OPENAT2, column, [_ABSENT]),
    ]
    calls = syscalls.ALLOWED | (syscalls.ALLOWED_IN_OWN_ROOT if own_root else {})
    for numbers in calls.values():
        code += _answer(numbers, column, [_PERMIT])
    code += _answer(syscalls.CLONE, column, [_load(_FIRST), instruction(_ANY_BIT, _CLONE_THREAD, 0, 1), _PERMIT])
    code += _answer(syscalls.SENDTO, column, _NO_ADDRESS)
    for numbers, place in syscalls.OPENS:
        code += _answer(numbers, column, [_load(_FIRST + 8 * place), *_UNCUT])
    code += _answer(syscalls.FCNTL, column, [*_among(_SECOND, syscalls.FCNTL_COMMANDS), *_SETFL])
    code += _answer(syscalls.IOCTL, column, _among(_SECOND, syscalls.IOCTL_REQUESTS))
    code += _answer(syscalls.PRCTL, column, _among(_FIRST, syscalls.PRCTL_OPTIONS))
    code += _answer(syscalls.PRLIMIT, column, _among(_FIRST, (0, pid)))  # of itself only
    for numbers in syscalls.KILLS:
        code += _answer(numbers, column, _among(_FIRST, (pid,)))  # to itself only
    return b"".join([*code, _REFUSE])


def _answer(numbers: Numbers, column: int, test: list[bytes]) -> list[bytes]:
    """For one call: the instructions of test, then refusal; skipped for other calls. Nothing without a number."""
    number = numbers[column]
    if number is None:
        return []
    if test in ([_PERMIT], [_ABSENT]):
        return [instruction(_EQUAL, number, 0, 1), *test]
    return [instruction(_EQUAL, number, 0, len(test) + 1), *test, _REFUSE]


def _among(offset: int, values: Sequence[int]) -> list[bytes]:
    """Permit if the low half of an argument is one of values."""
    return [_load(offset), *(part for value in values for part in (instruction(_EQUAL, value, 0, 1), _PERMIT))]


def _load(offset: int) -> bytes:
    return instruction(_LOAD, offset)


def instruction(opcode: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One instruction of BPF; the jumps count instructions."""
    return struct.pack("HBBI", opcode, if_true, if_false, operand)


_PERMIT = instruction(_RETURN, _ALLOW)
_REFUSE = instruction(_RETURN, _ERRNO | _EPERM)
_ABSENT = instruction(_RETURN, _ERRNO | _ENOSYS)
# F_SETFL without O_ASYNC, which would send signals to the owner of the descriptor.
_SETFL = [
    instruction(_EQUAL, syscalls.F_SETFL, 0, 3),
    instruction(_LOAD, _THIRD),
    instruction(_ANY_BIT, syscalls.O_ASYNC, 1, 0),
    _PERMIT,
]
# A fifth argument of zero.
_NO_ADDRESS = [
    _load(_FIFTH),
    instruction(_EQUAL, 0, 0, 3),
    _load(_FIFTH + _HIGH),
    instruction(_EQUAL, 0, 0, 1),
    _PERMIT,
]
# Flags without O_TRUNC, or with the right to write.
_UNCUT = [
    instruction(_ANY_BIT, syscalls.O_TRUNC, 0, 1),
    instruction(_ANY_BIT, syscalls.O_ACCMODE, 0, 1),
    _PERMIT,
]
