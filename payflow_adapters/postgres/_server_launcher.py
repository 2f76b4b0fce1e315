"""Turn this process into a program of PostgreSQL: as the given account, bound to its parent.

Usage: ``python -I -S _server_launcher.py PARENT_PID UID GID PROGRAM [ARGUMENT...]``, where UID and
GID are empty to stay who we are. It is a program of its own because the order matters: the kernel
forgets the parent-death signal when a process changes its user, so it must be asked for after
that and before the exec, and Python offers no safe place for it in a child it has forked.
It runs from its file, with the standard library alone, so that it starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent_pid: str, uid: str, gid: str, *command: str) -> None:
    # Until PostgreSQL installs its own handlers, a request to stop simply ends the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if uid:
        become(int(uid), int(gid))
    if sys.platform.startswith("linux"):
        stop_with_parent(int(parent_pid))
    os.execv(command[0], command)  # noqa: S606 (no shell is what we want)


def become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def stop_with_parent(parent_pid: int) -> None:
    """Have the kernel send SIGINT, PostgreSQL's fast shutdown, when the parent dies."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # it died before we asked
        sys.exit("The program that started this server is gone.")


if __name__ == "__main__":
    main(*sys.argv[1:])
