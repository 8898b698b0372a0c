"""A seccomp filter for a process that only computes: no new processes, no sockets, no access to other processes.

A denied call fails with EPERM, which a program sees as an ordinary error. The filter is installed last, by prctl,
without any library. Linux on x86-64 and aarch64; elsewhere available() is False.
"""

import ctypes
import os
import platform
import struct

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_PR_SET_PDEATHSIG = 1
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF opcodes
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data

# name: (x86-64, aarch64); None where the architecture has no such call.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "setsid": (112, 157),
    "setpgid": (109, 154), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "init_module": (175, 105),
    "finit_module": (313, 273), "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "personality": (135, 92),
    "open_by_handle_at": (304, 265), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "io_uring_setup": (425, 425), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "mount_setattr": (442, 442),
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # AUDIT_ARCH_*, column of the table
_CLONE, _CLONE3, _PRCTL, _PRLIMIT = (56, 220), (435, 435), (157, 167), (302, 261)
_SIGNALS = ((62, 129), (200, 130), (234, 131))  # kill, tkill, tgkill


def available() -> bool:
    """Whether there is a filter for this machine."""
    return platform.machine() in _MACHINES


def install() -> None:
    """Install the filter in this process; PR_SET_NO_NEW_PRIVS must be set. Raises OSError where the kernel refuses."""
    architecture, column = _MACHINES[platform.machine()]
    code = _program(architecture, column, os.getpid())
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(header), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _program(architecture: int, column: int, pid: int) -> bytes:
    """The BPF program, 8 bytes an instruction. Each test returns at once when it matches and falls through if not."""
    refuse = _instruction(_RETURN, _ERRNO | _EPERM)
    code = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        refuse,
        _instruction(_LOAD, _NUMBER),
        _instruction(_AT_LEAST, 0x40000000, 0, 1),  # the x32 calls of x86-64 have numbers of their own
        refuse,
    ]
    for numbers in _DENIED.values():
        code += [_instruction(_EQUAL, numbers[column] or 0xFFFF, 0, 1), refuse]
    # The C library tries clone3 first and falls back to clone, whose flags a filter can see.
    code += [_instruction(_EQUAL, _CLONE3[column], 0, 1), _instruction(_RETURN, _ERRNO | _ENOSYS)]
    code += _unless(_CLONE[column], _instruction(_ANY_BIT, _CLONE_THREAD, 1, 0))
    code += _unless(_PRCTL[column], _instruction(_EQUAL, _PR_SET_PDEATHSIG, 0, 1))
    code += _unless(_PRLIMIT[column], _instruction(_EQUAL, 0, 1, 0))  # of itself only
    for numbers in _SIGNALS:
        code += _unless(numbers[column], _instruction(_EQUAL, pid, 1, 0))  # to itself only
    return b"".join([*code, _instruction(_RETURN, _ALLOW)])


def _unless(number: int, test: bytes) -> list[bytes]:
    """For one call: refuse it unless test, on the low half of its first argument, skips the refusal."""
    return [
        _instruction(_EQUAL, number, 0, 4),
        _instruction(_LOAD, _FIRST_ARGUMENT),
        test,
        _instruction(_RETURN, _ERRNO | _EPERM),
        _instruction(_RETURN, _ALLOW),
    ]


def _instruction(opcode: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", opcode, if_true, if_false, operand)
