"""The request to leave early: SIGTERM, SIGINT, or the client closing stdin."""

import signal
from queue import SimpleQueue
from types import FrameType
from typing import Any


class Stop:
    """A flag that can be raised at any time, and wakes whoever waits on a queue.

    Signal handlers run between two bytecodes of the main thread, perhaps while it holds a lock, so
    only a plain attribute and SimpleQueue.put (which is reentrant) are used here.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._waiters: list[SimpleQueue[Any]] = []

    def listen(self) -> None:
        """Takes over SIGTERM and SIGINT. Repeated signals change nothing."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def wakes(self, queue: "SimpleQueue[Any]") -> None:
        """Puts None into `queue` when the flag is raised (at once where it already is)."""
        self._waiters.append(queue)
        if self.reason is not None:
            queue.put(None)

    def request(self, reason: str) -> None:
        """Raises the flag; the first reason stays."""
        if self.reason is None:
            self.reason = reason
        for queue in self._waiters:
            queue.put(None)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.request(signal.Signals(number).name)
