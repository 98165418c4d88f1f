"""Children that do not outlive us."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from piepowder.core.kernel.processes import Account, free_port, listens, port_is_free, processes_in, spawn, stop

PARENT = """
import os, signal, sys, threading
from pathlib import Path
from piepowder.core.kernel.processes import spawn
command = [sys.executable, "-c", "import threading; print('up', flush=True); threading.Event().wait()"]
child = spawn(command, environment=os.environ, folder=Path(sys.argv[1]), death_signal=signal.SIGKILL)
print(child.pid, flush=True)
threading.Event().wait()
"""


def test_a_child_dies_with_its_killed_parent(tmp_path: Path) -> None:
    """After kill -9 of the parent the child is gone: its end of the pipe closes."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    said = {parent.stdout.readline(), parent.stdout.readline()}
    assert b"up\n" in said
    assert len(processes_in(tmp_path)) == 1
    parent.kill()
    parent.wait()
    # The child shares this pipe, so it ends only when both are gone.
    assert parent.stdout.read() == b""
    parent.stdout.close()


def test_a_child_runs_as_the_account_it_is_given(tmp_path: Path) -> None:
    """The account is taken on before the command starts, and what it may not do it cannot do."""
    nobody = Account(name="nobody", uid=65_534, gid=65_534) if os.geteuid() == 0 else None
    child = spawn(
        ["/bin/sh", "-c", "id -u; id -G"], environment={"PATH": "/usr/bin:/bin"}, folder=Path("/"),
        output=subprocess.PIPE, account=nobody,
    )  # fmt: skip
    printed, _ = child.communicate()
    user, groups = printed.decode().splitlines()
    assert int(user) == (nobody.uid if nobody else os.geteuid())
    assert nobody is None or groups == "65534"


def test_a_command_that_does_not_exist_says_so(tmp_path: Path) -> None:
    """A missing program is named on the child's output, and the child ends with an error."""
    child = spawn(["/no/such/program"], environment={}, folder=tmp_path, output=subprocess.PIPE)
    printed, _ = child.communicate()
    assert child.returncode == 1
    assert b"/no/such/program" in printed


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    """A child that ignores the polite signal is killed in the end."""
    stubborn = (
        "import signal, threading; signal.signal(15, signal.SIG_IGN); print('up', flush=True); threading.Event().wait()"
    )
    child = spawn([sys.executable, "-c", stubborn], environment={}, folder=tmp_path, output=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    stop(child, signal.SIGTERM, patience_seconds=0.1)
    assert child.returncode == -signal.SIGKILL
    child.stdout.close()


def test_who_listens() -> None:
    """A port is taken while a socket listens there, and it is this process that listens."""
    port = free_port()
    assert port_is_free("127.0.0.1", port)
    assert not listens(os.getpid(), port)
    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free("127.0.0.1", port)
        assert listens(os.getpid(), port)
        assert not listens(os.getppid(), port)
