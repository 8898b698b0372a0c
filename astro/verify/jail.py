"""The first thing a sandboxed process does: give up everything it does not need. Standard library only.

    launcher (new namespaces) -> init (process 1 of the sandbox, own root directory) -> the confined process

Each protection is tried on its own, because kernels and containers differ in what they allow. The process reports the
ones that hold. It reads nothing hostile before all of them are in place.
"""

# Importing pathlib would take longer than running this module.
# ruff: noqa: PTH103, PTH112, PTH114, PTH115, PTH120, PTH123, PTH211, S108

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from astro.verify import exchange, seccomp

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
_CLONE_NEWIPC, _CLONE_NEWUTS = 0x08000000, 0x04000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_SYS_MOUNT_SETATTR, _SYS_LANDLOCK = 442, 444
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_NOBODY = 65534
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_MAX_SOURCE = 16 << 20

_libc = ctypes.CDLL(None, use_errno=True)


class Protection(StrEnum):
    """What confines a sandboxed process; sandbox_report says which of them hold on a machine."""

    LIMITS = "limits"  # time, memory, file size, open files (setrlimit)
    PROCESSES = "processes"  # a process-id namespace: it sees and outlives nothing outside
    NETWORK = "network"  # a network namespace without any interface but a loopback that is down
    FILES = "files"  # its own root directory: Python, read-only, and one small folder
    LANDLOCK = "landlock"  # the kernel's path rules: it reads Python and writes the folder
    SYSCALLS = "syscalls"  # seccomp: only the system calls that a computation needs


REQUIRED = frozenset({Protection.LIMITS, Protection.LANDLOCK, Protection.SYSCALLS})
"""Without one of these a program could leave the sandbox. Every kernel since 5.13 grants them to any process."""

NOT_CONFINED = 77  # exit status of a process that lacks a required protection


class Cell(NamedTuple):
    """How to confine one process.

    folder: an empty directory of its own.
    readable: what it may read, recursively (Python and the system's libraries).
    required: the protections without which it ends before its role begins.
    cpu_seconds, memory_bytes, file_bytes, folder_bytes: its limits.
    """

    folder: str
    readable: Sequence[str]
    required: Sequence[str]
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    folder_bytes: int


def main(role: Callable[[socket.socket, dict[str, object]], None]) -> None:
    """Read the cell and the order from the control socket, confine, report, and play the role in the innermost process.

    The exit status is the role's; 128 + n if signal n ended it.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    control = socket.socket(fileno=int(sys.argv[1]))
    order = json.loads(exchange.receive(control, _MAX_SOURCE))
    fields = order.pop("cell")
    cell = Cell(**fields)
    os.environ.clear()
    held = _new_namespaces()
    if pid := os.fork():
        control.close()
        _leave_like(pid)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    folder = cell.folder
    if Protection.FILES in held and _own_root(cell):
        folder = "/tmp"
    else:
        held.discard(Protection.FILES)
    os.chdir(folder)
    _drop_capabilities()
    if pid := os.fork():
        control.close()
        _leave_like(pid)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _confine(cell, folder, held)
    exchange.send(control, json.dumps(sorted(held)).encode())
    if held.issuperset(map(Protection, cell.required)):
        role(control, order)
    else:
        sys.exit(NOT_CONFINED)


def _leave_like(pid: int) -> None:
    """Wait for a child and exit as it did; as process 1 of a namespace, that ends all others in it."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _new_namespaces() -> set[Protection]:
    """Leave the machine's namespaces, or fewer of them if the kernel does not allow all."""
    uid, gid = os.getuid(), os.getgid()
    inner = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
    everything = {Protection.FILES, Protection.PROCESSES, Protection.NETWORK}
    for flags, held in (
        (_CLONE_NEWUSER | inner, everything),
        (inner, everything),  # root in a container that may not create user namespaces
        (_CLONE_NEWUSER | _CLONE_NEWNET, {Protection.NETWORK}),
    ):
        if _libc.unshare(flags) != 0:
            continue
        if flags & _CLONE_NEWUSER:
            try:
                _write("/proc/self/setgroups", "deny")
                _write("/proc/self/uid_map", f"{_NOBODY} {uid} 1")
                _write("/proc/self/gid_map", f"{_NOBODY} {gid} 1")
            except OSError:  # the namespaces hold; only the user id stays unmapped
                return held - {Protection.FILES}
        return set(held)
    return set()


def _own_root(cell: Cell) -> bool:
    """Build a root of read-only binds and one writable folder, and move into it."""
    root = cell.folder
    try:
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
        for path in cell.readable:
            _bind(path, root + path)
        for device in _DEVICES:
            os.makedirs(f"{root}/dev", exist_ok=True)
            _write(root + device, "")
            _mount(device, root + device, None, _MS_BIND)
        os.makedirs(f"{root}/tmp", exist_ok=True)
        options = f"size={cell.folder_bytes},nr_inodes=4096,mode=700"
        _mount("tmpfs", root + "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, options)
        _mount(None, root, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
        os.chdir(root)
        _check(_libc.syscall(_SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
        _check(_libc.umount2(b".", _MNT_DETACH), "umount2")
    except (OSError, KeyError):
        return False
    return True


def _bind(path: str, target: str) -> None:
    """Make path visible at target, read-only; a symbolic link is copied as one."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        _write(target, "")
    _mount(path, target, None, _MS_BIND | _MS_REC)
    attributes = struct.pack("QQQQ", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, 0, 0, 0)
    arguments = (_AT_FDCWD, target.encode(), _AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes)))
    _check(_libc.syscall(_SYS_MOUNT_SETATTR, *arguments), "mount_setattr")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    _check(_libc.mount(*texts, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def _drop_capabilities() -> None:
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _libc.capset(header, nothing)  # fails for a process without capabilities, which is just as good


def _confine(cell: Cell, folder: str, held: set[Protection]) -> None:
    """Apply what a process can only do to itself; add each protection that succeeds to held."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)  # no other process of the same user reads this one's memory
    limits = {
        resource.RLIMIT_CPU: (cell.cpu_seconds, cell.cpu_seconds + 1),
        resource.RLIMIT_AS: (cell.memory_bytes,) * 2,
        resource.RLIMIT_FSIZE: (cell.file_bytes,) * 2,
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    for name, values in limits.items():
        resource.setrlimit(name, values)
    held.add(Protection.LIMITS)
    with contextlib.suppress(OSError):
        _landlock(folder, cell.readable)
        held.add(Protection.LANDLOCK)
    if seccomp.available():
        with contextlib.suppress(OSError):
            seccomp.install(own_root=Protection.FILES in held)
            held.add(Protection.SYSCALLS)


def _landlock(folder: str, readable: Sequence[str]) -> None:
    """Allow reading below readable and everything below folder. Raises OSError where there is no Landlock."""
    version = _check(_libc.syscall(_SYS_LANDLOCK, None, ctypes.c_size_t(0), 1), "landlock")
    every = (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1
    read, read_files, device = (1 << 0) | (1 << 2) | (1 << 3), (1 << 0) | (1 << 2), (1 << 1) | (1 << 2)
    ruleset = _check(_libc.syscall(_SYS_LANDLOCK, struct.pack("Q", every), ctypes.c_size_t(8), 0), "landlock")
    rules = [(folder, every), *((path, read) for path in readable), *((name, device) for name in _DEVICES)]
    for path, rights in rules:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # absent: nothing to allow
        allowed = rights if os.path.isdir(path) or rights is device else rights & read_files
        rule = struct.pack("=Qi", allowed, handle)
        _check(_libc.syscall(_SYS_LANDLOCK + 1, ruleset, 1, rule, 0), f"landlock {path}")
        os.close(handle)
    _check(_libc.syscall(_SYS_LANDLOCK + 2, ruleset, 0), "landlock")
    os.close(ruleset)


def _prctl(option: int, value: int) -> None:
    _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _check(returned: int, what: str) -> int:
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return returned
