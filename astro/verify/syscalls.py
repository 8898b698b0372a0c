"""The system calls that a program which only computes may make, by name, with their numbers.

Names and numbers are those of the kernel's headers (asm/unistd_64.h, asm-generic/unistd.h). Standard library only: this
is read inside the sandbox.
"""

Numbers = tuple[int | None, int | None]  # of x86-64 and aarch64; None where the architecture has no such call

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""AUDIT_ARCH_* of each machine with a filter, and its column in the tables."""

NEWEST = 450
"""The last number that the tables cover; the C library avoids later calls when they seem not to exist."""

_MEMORY_AND_THREADS: dict[str, Numbers] = {
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "msync": (26, 227), "mincore": (27, 232), "membarrier": (324, 283), "futex": (202, 98),
    "futex_waitv": (449, 449), "set_robust_list": (273, 99), "set_tid_address": (218, 96), "rseq": (334, 293),
    "sched_yield": (24, 124), "arch_prctl": (158, None),
}  # fmt: skip
_FILES: dict[str, Numbers] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "close": (3, 57), "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "lseek": (8, 62), "creat": (85, None),
    "stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, None), "faccessat": (269, 48),
    "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78), "getdents": (78, None),
    "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "unlink": (87, None), "unlinkat": (263, 35), "link": (86, None), "linkat": (265, 37), "symlink": (88, None),
    "symlinkat": (266, 36), "ftruncate": (77, 46), "fallocate": (285, 47), "fsync": (74, 82), "fdatasync": (75, 83),
    "flock": (73, 32), "umask": (95, 166), "fadvise64": (221, 223), "copy_file_range": (326, 285),
    "sendfile": (40, 71),
}  # fmt: skip
_SIGNALS_AND_TIME: dict[str, Numbers] = {
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132), "pause": (34, None),
    "time": (201, None), "gettimeofday": (96, 169), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "alarm": (37, None), "setitimer": (38, 103),
    "getitimer": (36, 102), "restart_syscall": (219, 128),
}  # fmt: skip
_CHANNELS: dict[str, Numbers] = {
    "pipe": (22, None), "pipe2": (293, 59), "select": (23, None), "pselect6": (270, 72), "poll": (7, None),
    "ppoll": (271, 73), "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441), "eventfd": (284, None),
    "eventfd2": (290, 19), "socketpair": (53, 199), "recvfrom": (45, 207),
    "shutdown": (48, 210), "getsockname": (51, 204), "getpeername": (52, 205), "getsockopt": (55, 209),
}  # fmt: skip
_ITSELF: dict[str, Numbers] = {
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getpgrp": (111, None), "getpgid": (121, 155),
    "getsid": (124, 156), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "uname": (63, 160),
    "sysinfo": (99, 179), "getrusage": (98, 165), "getrlimit": (97, 163), "setrlimit": (160, 164),
    "times": (100, 153), "capget": (125, 90), "getpriority": (140, 141), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126), "getcpu": (309, 168), "getrandom": (318, 278), "wait4": (61, 260),
    "waitid": (247, 95), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip

ALLOWED: dict[str, Numbers] = _MEMORY_AND_THREADS | _FILES | _SIGNALS_AND_TIME | _CHANNELS | _ITSELF
"""Allowed whatever their arguments."""

ALLOWED_IN_OWN_ROOT: dict[str, Numbers] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "utime": (132, None), "utimes": (235, None),
    "utimensat": (280, 88), "futimesat": (261, None), "truncate": (76, 45),
}  # fmt: skip
"""Changes of files that Landlock does not, or not always, confine: allowed where the process has its own root."""

CLONE: Numbers = (56, 220)
CLONE3: Numbers = (435, 435)
OPENAT2: Numbers = (437, 437)
FCNTL: Numbers = (72, 25)
IOCTL: Numbers = (16, 29)
PRCTL: Numbers = (157, 167)
PRLIMIT: Numbers = (302, 261)
KILLS: tuple[Numbers, ...] = ((62, 129), (200, 130), (234, 131))
"""kill, tkill, tgkill."""

SENDTO: Numbers = (44, 206)
"""Without an address: a datagram socket of a pair could otherwise reach any socket of the machine."""

OPENS: tuple[tuple[Numbers, int], ...] = (((2, None), 1), ((257, 56), 2))
"""open and openat, with the place of their flags among the arguments."""

O_ACCMODE, O_TRUNC = 3, 0o1000
"""Only what is opened for writing may be cut: before its third version, Landlock lets O_RDONLY | O_TRUNC pass."""

FCNTL_COMMANDS = (0, 1, 2, 3, 5, 6, 7, 36, 37, 38, 1030, 1032)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, locks, F_DUPFD_CLOEXEC, F_GETPIPE_SZ: no owner, no signal, no lease."""

F_SETFL, O_ASYNC = 4, 0o20000

IOCTL_REQUESTS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: neither FIOASYNC nor FIOSETOWN."""

PRCTL_OPTIONS = (3, 15, 16, 21, 23, 39, 0x53564D41)
"""PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_VMA."""
