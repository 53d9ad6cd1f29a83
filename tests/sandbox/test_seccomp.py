"""The filters do what they say, run here by a small interpreter of classic BPF."""

from __future__ import annotations

import errno
import struct

import pytest

from graders.sandbox import seccomp

X86, ARM = "x86_64", "aarch64"


def verdict(program: bytes, machine: str, number: int, arguments: tuple[int, ...] = (), abi: int | None = None) -> int:
    """What a filter returns for a system call."""
    architecture = seccomp.MACHINES[machine][1] if abi is None else abi
    data = struct.pack("=IIQ6Q", number, architecture, 0, *(*arguments, *(0,) * (6 - len(arguments))))
    code = list(struct.iter_unpack("=HBBI", program))
    position = accumulator = 0
    while True:
        operation, if_true, if_false, operand = code[position]
        position += 1
        if operation == seccomp.RETURN:
            return operand
        if operation == seccomp.LOAD:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        else:
            holds = accumulator == operand if operation == seccomp.JUMP_EQUAL else accumulator >= operand
            position += if_true if holds else if_false


def named(program: bytes, machine: str, name: str, *arguments: int) -> int:
    return verdict(program, machine, seccomp.NUMBERS[name][seccomp.MACHINES[machine][0]], arguments)


REFUSED = seccomp.ERRNO | errno.EPERM


@pytest.mark.parametrize("machine", [X86, ARM])
def test_a_worker_may_do_less_than_its_zygote(machine):
    zygote, worker = seccomp.filters(0, machine)
    for name in ("read", "write", "mmap", "openat", "futex", "exit_group", "getrandom"):
        assert named(zygote, machine, name) == named(worker, machine, name) == seccomp.ALLOW
    for name in seccomp.ZYGOTE_ONLY:
        assert named(zygote, machine, name) == seccomp.ALLOW
        assert named(worker, machine, name) == REFUSED


@pytest.mark.parametrize("machine", [X86, ARM])
def test_clone3_looks_unknown_so_that_clone_is_tried(machine):
    for program in seccomp.filters(0, machine):
        assert named(program, machine, "clone3") == seccomp.ERRNO | errno.ENOSYS


DANGEROUS = {  # x86_64, aarch64
    "socket": (41, 198),
    "connect": (42, 203),
    "ptrace": (101, 117),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, 1079),
    "vfork": (58, 1071),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "keyctl": (250, 219),
    "setsid": (112, 157),
    "unlinkat": (263, 35),
    "ftruncate": (77, 46),
    "personality": (135, 92),
    "shmget": (29, 194),
    "inotify_init1": (294, 26),
}


@pytest.mark.parametrize("machine", [X86, ARM])
@pytest.mark.parametrize("name", DANGEROUS)
def test_dangerous_calls_are_refused(machine, name):
    number = DANGEROUS[name][seccomp.MACHINES[machine][0]]
    assert {verdict(program, machine, number) for program in seccomp.filters(0, machine)} == {REFUSED}


@pytest.mark.parametrize("machine", [X86, ARM])
def test_some_calls_are_allowed_with_some_arguments(machine):
    _, worker = seccomp.filters(0, machine)
    f_setown, tiocsti, f_getfd = 8, 0x5412, 1
    assert named(worker, machine, "fcntl", 3, f_getfd) == seccomp.ALLOW
    assert named(worker, machine, "fcntl", 3, f_setown) == REFUSED
    assert named(worker, machine, "ioctl", 0, tiocsti) == REFUSED
    assert named(worker, machine, "prlimit64", 0) == seccomp.ALLOW
    assert named(worker, machine, "prlimit64", 1) == REFUSED


def test_other_abis_of_the_machine_are_fatal():
    for program in seccomp.filters(0, X86):
        assert verdict(program, X86, 11, abi=0x40000003) == seccomp.KILL_PROCESS  # i386
        assert verdict(program, X86, seccomp.X32_BIT | 1) == seccomp.KILL_PROCESS


def test_threads_are_allowed_to_those_who_may_have_some():
    _, worker = seccomp.filters(2, X86)
    new_user_namespace, fork = 0x10000000, 17
    assert named(worker, X86, "clone", seccomp.THREAD_FLAGS) == seccomp.ALLOW
    assert named(worker, X86, "clone", seccomp.THREAD_FLAGS | new_user_namespace) == REFUSED
    assert named(worker, X86, "clone", fork) == REFUSED


def test_a_machine_without_known_numbers_gets_no_filter():
    assert seccomp.filters(0, "riscv64") == []
