"""Several programs run as one."""

import io
import os
import signal
import sys
import time

from polyannot.kernel.programs import Program
from polyannot.kernel.supervisor import Supervisor


def python(name: str, source: str, *, runs_once: bool = False) -> Program:
    """Return a program of a few lines."""
    return Program(name, (sys.executable, "-c", source), {"WORD": name}, runs_once=runs_once)


def supervise(programs: list[Program], until: str, seconds: float = 30.0) -> tuple[Supervisor, str]:
    """Run programs until a text was written, and return what was written."""
    output = io.StringIO()
    deadline = time.monotonic() + seconds

    def end_when_said(supervisor: Supervisor) -> None:
        if until in output.getvalue() or time.monotonic() > deadline:
            supervisor.end()

    supervisor = Supervisor(programs, {}, output, end_when_said)
    supervisor.run()
    return supervisor, output.getvalue()


def test_every_line_bears_the_name_of_its_program() -> None:
    source = "import os, time; print(os.environ['WORD'], 'speaks', flush=True); time.sleep(60)"
    _, written = supervise([python("one", source), python("three", source)], until="three | three speaks")
    assert "one   | one speaks\n" in written
    assert "three | three speaks\n" in written


def test_a_program_that_ends_is_started_again_later_each_time() -> None:
    _, written = supervise([python("weak", "import sys; sys.exit(3)")], until="again in 1 s")
    assert "weak | ended with 3; starting it again in 0.5 s\n" in written


def test_what_runs_once_speaks_for_itself_and_is_not_started_again() -> None:
    once = python("once", "print('no newline at the end', end='')", runs_once=True)
    lasting = python("lasting", "import time; time.sleep(1); print('still here', flush=True); time.sleep(60)")
    supervisor, written = supervise([once, lasting], until="still here")
    assert written.splitlines()[0] == "no newline at the end"
    assert supervisor.children["once"].has_ended_well
    assert "again" not in written


def test_a_failure_of_what_runs_once_ends_all() -> None:
    once = python("once", "import sys; sys.exit(1)", runs_once=True)
    lasting = python("lasting", "import time; time.sleep(60)")
    supervisor, _ = supervise([once, lasting], until="never said")
    assert supervisor.failed == "once ended with 1"


def test_children_of_a_program_end_with_it() -> None:
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('child', child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    _, written = supervise([python("parent", source)], until="child")
    pid = int(written.split("child ")[1].split()[0])
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and is_running(pid):
        time.sleep(0.02)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Say whether a process runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_signals_mean_what_they_meant_before_once_it_has_ended() -> None:
    before = signal.getsignal(signal.SIGINT)
    supervise([python("short", "print('hello', flush=True)")], until="hello")
    assert signal.getsignal(signal.SIGINT) is before
