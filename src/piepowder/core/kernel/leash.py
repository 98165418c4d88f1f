"""Run as a script by `processes.spawn`: give up root, die with the parent, then turn into the command.

    python -I -S leash.py <parent pid> <death signal> <uid or -1> <gid or -1> <command> [argument ...]

A small program instead of a function between fork and exec, because such a function can deadlock in a process that
has threads. It must import nothing beyond the standard library: it runs before the package can be found.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def become(uid: int, gid: int) -> None:
    """Drop to that user for good, supplementary groups included."""
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def main(arguments: list[str]) -> None:
    """Never returns: exit status 126 if the command cannot be run, 125 if the parent is gone already."""
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        become(uid, gid)
    if sys.platform == "linux":
        # After the change of user: the kernel forgets the wish when credentials change.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        # The parent died before the wish was heard.
        sys.exit(125)
    try:
        os.execv(command[0], command)  # noqa: S606  the command is the parent's own
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
