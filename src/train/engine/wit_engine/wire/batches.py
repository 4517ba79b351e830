"""The stream of batches from the client, bounded by credit in both directions."""

import socket
import threading
import time
from queue import SimpleQueue

from wit_engine.errors import EngineError, StreamEndedError
from wit_engine.wire.frames import Frame, read_frame, write_frame
from wit_engine.wire.stop import Stop

_GRACE_SECONDS = 2.0


class Batches:
    """Receives batch frames on a thread of its own, so that reading overlaps computing.

    The client may send only as many frames as it has credit for; `request` tops its credit up. A
    frame counts against `prefetch` from the moment it is allowed until `take` returns it, so
    neither side ever holds more than `prefetch` of them.
    """

    def __init__(self, stream: socket.socket, prefetch: int, stop: Stop, pin: bool) -> None:
        self._stream = stream
        self._prefetch = prefetch
        self._stop = stop
        self._pin = pin
        self._outstanding = 0
        self._frames: SimpleQueue[Frame | EngineError | None] = SimpleQueue()
        self.waited = 0.0
        """Seconds spent waiting in `take` so far."""
        stop.wakes(self._frames)
        threading.Thread(target=self._read, name="batches", daemon=True).start()

    def request(self, wanted: int) -> None:
        """Grants credit for up to `wanted` more frames, as far as `prefetch` allows."""
        grant = min(wanted, self._prefetch) - self._outstanding
        if grant > 0:
            self._outstanding += grant
            try:
                write_frame(self._stream, {"type": "credit", "batches": grant})
            except OSError as error:
                # The reader meets the end of the stream too, and its message is the better one.
                self._frames.put(StreamEndedError(f"the data socket failed: {error}"))

    def take(self) -> Frame | None:
        """The next batch frame; None when the session is to stop.

        Raises StreamEndedError where the client closed the socket, EngineError for a bad frame.
        """
        if self._stop.reason is not None:
            return None
        started = time.monotonic()
        item = self._frames.get()
        self.waited += time.monotonic() - started
        if isinstance(item, StreamEndedError) and self._leaving():
            return None
        if isinstance(item, EngineError):
            raise item
        if item is None:
            return None
        if self._outstanding == 0:
            raise EngineError("a batch frame arrived without credit")
        self._outstanding -= 1
        return item

    def _leaving(self) -> bool:
        """A client that leaves closes both channels, in either order: wait a little for stdin."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while self._stop.reason is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._stop.reason is not None

    def _read(self) -> None:
        try:
            while True:
                frame = read_frame(self._stream, self._pin)
                if frame.header["type"] != "batch":
                    raise EngineError(f"unexpected frame of type {frame.header['type']!r}")
                self._frames.put(frame)
        except EngineError as error:
            self._frames.put(error)
        except Exception as error:  # the thread must not die in silence
            self._frames.put(EngineError(f"reading a batch failed: {error}"))


def connect(path: str) -> socket.socket:
    """Connects to the client's Unix socket."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.connect(path)
    except OSError as error:
        stream.close()
        raise EngineError(f"cannot connect to the data socket {path}: {error}") from error
    return stream
