"""Control lines in, event lines out: one JSON object a line on stdin and stdout."""

import json
import os
import sys
import threading
from queue import SimpleQueue
from typing import Any

from wit_engine.errors import EngineError
from wit_engine.wire.stop import Stop

MAX_LINE_BYTES = 1 << 26


class Control:
    """The client's end of stdin and stdout.

    stdout is kept for events alone: on construction its descriptor is moved away and stderr put in
    its place, so that a stray print, in Python or in a native library, cannot corrupt the stream.
    """

    def __init__(self, stop: Stop) -> None:
        sys.stdout.flush()
        self._out = os.dup(1)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._stop = stop
        self._lines: SimpleQueue[bytes | EngineError | None] = SimpleQueue()
        stop.wakes(self._lines)
        threading.Thread(target=self._read, name="control", daemon=True).start()

    def emit(self, kind: str, **fields: Any) -> None:
        """Writes one event line. A client that went away stops the session, no error."""
        data = json.dumps({"type": kind, **fields}, allow_nan=False).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except BrokenPipeError:
            self._stop.request("stdout was closed")

    def next(self) -> dict[str, Any] | None:
        """Waits for the next control line; None when the session is to stop."""
        line = self._lines.get()
        if line is None:
            return None
        if isinstance(line, EngineError):
            raise line
        try:
            data = json.loads(line)
        except ValueError as error:
            raise EngineError(f"a control line is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise EngineError("a control line is not a JSON object")
        return data

    def _read(self) -> None:
        # os.read instead of sys.stdin: a thread inside a buffered reader would hold its lock when
        # the interpreter shuts down.
        pending = bytearray()
        while chunk := os.read(0, 1 << 16):
            pending += chunk
            while (end := pending.find(b"\n")) >= 0:
                line = bytes(pending[:end])
                del pending[: end + 1]
                if line.strip():
                    self._lines.put(line)
            if len(pending) > MAX_LINE_BYTES:
                self._lines.put(EngineError(f"a control line exceeds {MAX_LINE_BYTES} bytes"))
                return
        if pending.strip():
            self._lines.put(bytes(pending))
        self._stop.request("stdin was closed")
