"""Run as a program: gives up what a container's root lacks, then becomes the program its arguments name.

    python container.py CAPABILITIES MISSING PROGRAM ARGUMENT...

CAPABILITIES: numbers of those that are kept, with commas. MISSING: "landlock" for a kernel without it, or "". What
makes namespaces and mounts is refused in any case, as container engines do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from graders.sandbox import launcher, seccomp

DOCKERS = "0,1,3,4,5,6,7,8,10,13,18,27,29,31"
"""What Docker lets root keep."""
MOUNT, UNSHARE = {"x86_64": (165, 272), "aarch64": (40, 97)}[os.uname().machine]
LANDLOCK = (launcher.LANDLOCK_CREATE_RULESET, launcher.LANDLOCK_ADD_RULE, launcher.LANDLOCK_RESTRICT_SELF)


def refuse(calls: dict[int, int]) -> None:
    """Have these system calls fail, each with its error."""
    code = [seccomp._instruction(seccomp.LOAD, seccomp.NUMBER_AT)]
    for number, error in calls.items():
        code += seccomp._only_if(number, [seccomp._instruction(seccomp.RETURN, seccomp.ERRNO | error)])
    code.append(seccomp._instruction(seccomp.RETURN, seccomp.ALLOW))
    launcher.process_control(launcher.PR_SET_NO_NEW_PRIVS, 1)
    launcher.filter_system_calls(b"".join(code))


def main(kept: str, missing: str, program: str, *arguments: str) -> None:
    """Give up, and go on as the program."""
    for capability in range(launcher.LAST_CAPABILITY + 1):
        if str(capability) not in kept.split(","):
            with contextlib.suppress(OSError):
                launcher.process_control(launcher.PR_CAPBSET_DROP, capability)
    without = LANDLOCK if missing == "landlock" else ()
    refuse({MOUNT: errno.EPERM, UNSHARE: errno.EPERM, **dict.fromkeys(without, errno.ENOSYS)})
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
