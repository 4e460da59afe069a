"""Works that start together, each in a thread with a connection of its own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from django.db import connection

PATIENCE_SECONDS = 300.0


def at_once(*works: Callable[[], object]) -> None:
    """Run all works in threads that start together; the first error fails the test."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            gate.wait()
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(run, work) for work in works]:
            future.result()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the test fails where it does not come to that."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def is_somebody_waiting() -> bool:
    """Say whether a connection waits for a lock of another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def during(act: Callable[[], object], other: Callable[[], object]) -> Thread:
    """Do an act inside the open transaction, and begin another on its own connection, which waits for the first."""

    def go_on() -> None:
        try:
            other()
        finally:
            connection.close()

    act()
    tab = Thread(target=go_on)
    tab.start()
    wait_until(is_somebody_waiting)
    return tab
