"""Which system calls a sandbox may make, and the small assembler that says so to the kernel.

Two filters, both allowlists: the zygote's, and the stricter one a worker installs on top of it before any
student code runs. What they do not name is refused with EPERM; clone3 with ENOSYS, so that the C library
falls back to clone. A filter is a list of classic BPF instructions, `struct sock_filter`.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable, Mapping
from typing import Final

# name: number on x86_64, number on aarch64 (-1: there is none)
NUMBERS: Final[dict[str, tuple[int, int]]] = {
    "access": (21, -1),
    "arch_prctl": (158, -1),
    "brk": (12, 214),
    "chdir": (80, 49),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, -1),
    "dup3": (292, 24),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fcntl": (72, 25),
    "fstat": (5, 80),
    "fstatfs": (138, 44),
    "futex": (202, 98),
    "get_robust_list": (274, 100),
    "getcpu": (309, 168),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "getegid": (108, 177),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getrandom": (318, 278),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "getuid": (102, 174),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "lseek": (8, 62),
    "lstat": (6, -1),
    "madvise": (28, 233),
    "membarrier": (324, 283),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "nanosleep": (35, 101),
    "newfstatat": (262, 79),
    "open": (2, -1),
    "openat": (257, 56),
    "poll": (7, -1),
    "ppoll": (271, 73),
    "prctl": (157, 167),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "pselect6": (270, 72),
    "read": (0, 63),
    "readlink": (89, -1),
    "readlinkat": (267, 78),
    "readv": (19, 65),
    "recvmsg": (47, 212),
    "restart_syscall": (219, 128),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "seccomp": (317, 277),
    "select": (23, -1),
    "sendto": (44, 206),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "sigaltstack": (131, 132),
    "stat": (4, -1),
    "statfs": (137, 43),
    "statx": (332, 291),
    "sysinfo": (99, 179),
    "time": (201, -1),
    "times": (100, 153),
    "uname": (63, 160),
    "wait4": (61, 260),
    "write": (1, 64),
    "writev": (20, 66),
}
MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of NUMBERS and AUDIT_ARCH constant, by what `platform.machine()` says."""

ZYGOTE_ONLY: Final = frozenset({"clone", "kill", "prctl", "recvmsg", "seccomp", "sendto", "wait4"})
REFUSED_AS_UNKNOWN: Final = "clone3"

# Calls allowed with some values of one argument only: name -> (argument, values).
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_GET_SEALS = (
    *(0, 1, 2, 3, 4),
    *(1030, 1032, 1034),
)
TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX = 0x5401, 0x541B, 0x5421, 0x5450, 0x5451
ARGUMENTS: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    # no F_SETOWN: with O_ASYNC it sends signals to other processes
    "fcntl": (
        1,
        (F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_GET_SEALS),
    ),
    "ioctl": (1, (TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX)),
    "prlimit64": (0, (0,)),  # its own limits only
}
THREAD_FLAGS: Final = 0x3D0F00
"""With which the C library makes a thread: no new process, no new namespace."""

ALLOW: Final = 0x7FFF0000
ERRNO: Final = 0x00050000
KILL_PROCESS: Final = 0x80000000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER_AT, ARCH_AT, ARGUMENTS_AT = 0, 4, 16  # offsets in `struct seccomp_data`
X32_BIT: Final = 0x40000000


def filters(threads: int, machine: str = "") -> list[bytes]:
    """The zygote's and the worker's filter for this machine; none where we know no numbers for it."""
    machine = machine or platform.machine()
    if machine not in MACHINES:
        return []
    zygote = set(NUMBERS) - {REFUSED_AS_UNKNOWN}
    worker = zygote - ZYGOTE_ONLY
    arguments = dict(ARGUMENTS)
    if threads:
        worker.add("clone")
        arguments["clone"] = (0, (THREAD_FLAGS,))
    return [assemble(machine, zygote, {}), assemble(machine, worker, arguments)]


STARTING: Final = (
    *("capget", "capset", "chown", "epoll_create1", "epoll_ctl", "epoll_pwait", "execve", "fchdir", "fchown"),
    *("fstatfs", "getgroups", "getpgrp", "getresgid", "getresuid", "pipe2", "setgid", "setgroups", "setuid"),
    *("tgkill", "umask", "connect", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"),
)
"""What a container engine and a launcher that calls T need beyond the zygote, until the zygote's filter is there."""
AF_UNIX: Final = 1


def engine_profile(machine: str = "") -> dict[str, object]:
    """The zygote's allowlist, and what comes before it, in the form that the Docker Engine reads; for all machines
    whose numbers we know. An unknown one has no profile: KeyError.
    """
    machine = machine or platform.machine()
    architecture = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}[machine]
    unix_only = [{"index": 0, "value": AF_UNIX, "op": "SCMP_CMP_EQ"}]
    allowed = sorted((set(NUMBERS) - {REFUSED_AS_UNKNOWN}) | set(STARTING))
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": [architecture],
        "syscalls": [
            {"names": allowed, "action": "SCMP_ACT_ALLOW"},
            {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": unix_only},
            {"names": [REFUSED_AS_UNKNOWN], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        ],
    }


def assemble(machine: str, allowed: Iterable[str], arguments: Mapping[str, tuple[int, tuple[int, ...]]]) -> bytes:
    """The program that allows these calls, some of them by an argument's value, and refuses all others."""
    column, architecture = MACHINES[machine]
    code = [
        *(_instruction(LOAD, ARCH_AT), _instruction(JUMP_EQUAL, architecture, 1, 0)),
        *(_instruction(RETURN, KILL_PROCESS), _instruction(LOAD, NUMBER_AT)),
        # the 32-bit ABI of x86_64 has the same calls under other numbers
        *(_instruction(JUMP_AT_LEAST, X32_BIT, 0, 1), _instruction(RETURN, KILL_PROCESS)),
    ]
    for name in sorted(allowed):
        number = NUMBERS[name][column]
        if number >= 0:
            code += _rule(number, arguments.get(name))
    code += _only_if(NUMBERS[REFUSED_AS_UNKNOWN][column], [_instruction(RETURN, ERRNO | errno.ENOSYS)])
    code.append(_instruction(RETURN, ERRNO | errno.EPERM))
    return b"".join(code)


def _rule(number: int, argument: tuple[int, tuple[int, ...]] | None) -> list[bytes]:
    if argument is None:
        return _only_if(number, [_instruction(RETURN, ALLOW)])
    index, values = argument
    body = [_instruction(LOAD, ARGUMENTS_AT + 8 * index)]  # the low half: the kernel takes these as int
    for value in values:
        body += _only_if(value, [_instruction(RETURN, ALLOW)])
    body.append(_instruction(RETURN, ERRNO | errno.EPERM))
    return _only_if(number, body)


def _only_if(value: int, body: list[bytes]) -> list[bytes]:
    return [_instruction(JUMP_EQUAL, value, 0, len(body)), *body]


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
