"""Running several programs as one: their lines side by side, started again when they die, all gone at the end.

One thread does everything, because the kernel ties the parent-death signal to the thread that starts a child.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

from polyannot.embedded import linux
from polyannot.kernel.programs import Program

TICK_SECONDS = 0.25
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KIND_STOP_SECONDS = 10.0
ABRUPT_STOP_SECONDS = 5.0
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
CALM_SECONDS = 60.0
READ_BYTES = 65536


@dataclass
class Child:
    """A program that runs, or waits to be started again."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait_seconds: float = 0.0
    start_at: float = 0.0
    unfinished_line: bytes = b""
    has_ended_well: bool = False


@dataclass
class Supervisor:
    """Runs programs until SIGINT, SIGTERM or SIGHUP; each in a process group of its own that ends with it."""

    programs: Sequence[Program]
    environment: Mapping[str, str]
    output: TextIO
    each_tick: Callable[["Supervisor"], None] = lambda _supervisor: None
    is_over: bool = False
    failed: str = ""
    has_reader: bool = True
    children: dict[str, Child] = field(default_factory=dict)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> None:
        """Start all, watch them until told to stop, and leave no process behind."""
        before = {number: signal.signal(number, self.end) for number in ENDING_SIGNALS}
        try:
            for program in self.programs:
                self.add(program)
            while not self.is_over:
                self.tick()
        finally:
            self.stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def end(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Have `run` return soon."""
        self.is_over = True

    def tick(self) -> None:
        """Pass lines on, start the dead again when their time has come, and call `each_tick`."""
        self.pass_lines_on(TICK_SECONDS)
        for child in list(self.children.values()):
            if child.process is not None and child.process.poll() is not None:
                self.bury(child)
            elif child.process is None and not child.has_ended_well and time.monotonic() >= child.start_at:
                self.start(child)
        self.each_tick(self)

    def add(self, program: Program) -> None:
        """Start one program more."""
        self.children[program.name] = Child(program)
        self.start(self.children[program.name])

    def start(self, child: Child) -> None:
        """Start a program so that it dies with us, however we die."""
        parent = os.getpid()
        orphan = child.program.orphan_signal
        child.process = subprocess.Popen(
            child.program.command,
            env={**os.environ, **self.environment, **child.program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=lambda: linux.die_with_parent(orphan, parent),  # noqa: PLW1509 (we have one thread)
        )
        child.started_at = time.monotonic()
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
            self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def pass_lines_on(self, seconds: float) -> None:
        """Wait at most so long for output, and write what came, each line under the name of its program."""
        for key, _events in self.selector.select(seconds):
            child: Child = key.data
            chunk = os.read(key.fd, READ_BYTES)
            if not chunk:
                self.selector.unregister(key.fileobj)
            *lines, child.unfinished_line = (child.unfinished_line + chunk).split(b"\n")
            for line in lines:
                self.say_for(child, line)

    def say_for(self, child: Child, line: bytes) -> None:
        """Write a line of a program; what runs once speaks to the person and goes without its name."""
        self.say("" if child.program.runs_once else child.program.name, line.decode(errors="replace"))

    def say(self, name: str, line: str) -> None:
        """Write a line; a reader that went away (a closed pipe) is no reason to stop."""
        width = max(len(program.name) for program in self.programs)
        if not self.has_reader:
            return
        try:
            self.output.write(f"{name:{width}} | {line}\n" if name else f"{line}\n")
            self.output.flush()
        except BrokenPipeError:
            self.has_reader = False

    def bury(self, child: Child) -> None:
        """End what is left of a program's group; start it again after a while unless it was to run once."""
        process, child.process = child.process, None
        if process is None:
            return
        kill_group(process.pid)
        self.pass_lines_on(0)
        if child.unfinished_line:
            self.say_for(child, child.unfinished_line)
            child.unfinished_line = b""
        self.forget_output(process)
        if child.program.runs_once:
            self.conclude(child, process.returncode)
        else:
            self.postpone(child, process.returncode)

    def conclude(self, child: Child, code: int) -> None:
        """Note how a program that runs once has ended; where it failed, all end."""
        child.has_ended_well = code == 0
        if code != 0:
            self.failed = f"{child.program.name} ended with {code}"
            self.end()

    def postpone(self, child: Child, code: int) -> None:
        """Have a program start again, each time later until it has run for a while."""
        was_calm = time.monotonic() - child.started_at > CALM_SECONDS
        longer = min(LONGEST_WAIT_SECONDS, child.wait_seconds * 2)
        child.wait_seconds = FIRST_WAIT_SECONDS if was_calm else max(FIRST_WAIT_SECONDS, longer)
        child.start_at = time.monotonic() + child.wait_seconds
        told = f"ended with {code}; starting it again in {child.wait_seconds:g} s"
        self.say(child.program.name, told)

    def forget_output(self, process: subprocess.Popen[bytes]) -> None:
        """Close the pipe of a program that has ended."""
        if process.stdout is not None:
            if process.stdout in self.selector.get_map():
                self.selector.unregister(process.stdout)
            process.stdout.close()

    def stop_all(self) -> None:
        """Ask all to end, then tell those that still run to drop their work, then end every group."""
        running = [(child, child.process) for child in self.children.values() if child.process is not None]
        for seconds, kind in ((KIND_STOP_SECONDS, True), (ABRUPT_STOP_SECONDS, False)):
            for child, process in running:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM if kind else child.program.abrupt_signal)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and any(process.poll() is None for _, process in running):
                self.pass_lines_on(TICK_SECONDS / 5)
        for _, process in running:
            kill_group(process.pid)
            process.wait()
            self.forget_output(process)


def kill_group(leader: int) -> None:
    """Kill what is left of a process group that we made."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
