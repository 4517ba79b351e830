"""A small client for the engine: starts the real process and feeds it over a real socket."""

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ENGINE = Path(__file__).resolve().parents[3] / "src" / "train" / "engine"
DTYPES = {"uint8": "u8", "int32": "i32", "float32": "f32"}
Arrays = dict[str, np.ndarray]
Run = tuple[dict[str, Any], Path, list[dict[str, Any]]]
"""A training run's settings, checkpoint folder and events."""


def encode(header: dict[str, Any], arrays: Arrays) -> bytes:
    """A frame as docs/engine-protocol.md describes it, written independently of the engine."""
    tensors = [
        {"name": name, "dtype": DTYPES[str(array.dtype)], "shape": list(array.shape)}
        for name, array in arrays.items()
    ]
    body = json.dumps({**header, "tensors": tensors}).encode()
    return b"".join(
        [
            struct.pack("<I", len(body)),
            body,
            *(np.ascontiguousarray(a).tobytes() for a in arrays.values()),
        ]
    )


class Client:
    """One engine process. `events` are its stdout lines; `credit` counts batches it allows."""

    def __init__(self, preexec: Callable[[], None] | None = None, threads: int = 1) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="wit-")
        path = str(Path(self._folder.name) / "data.sock")
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(path)
        server.listen(1)
        self._server = server
        self._stderr = open(Path(self._folder.name) / "stderr", "w+b")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wit_engine", "--socket", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            preexec_fn=preexec,
            env={**os.environ, "PYTHONPATH": str(ENGINE), "OMP_NUM_THREADS": str(threads)},
        )
        self.credit = 0
        self.granted: list[int] = []
        self._stream: socket.socket | None = None
        self._number = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self._stderr, self._server):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        if self._stream is not None:
            self._stream.close()
        self._folder.cleanup()

    def control(self, line: dict[str, Any] | str) -> None:
        text = line if isinstance(line, str) else json.dumps(line)
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def event(self) -> dict[str, Any] | None:
        """The next event, or None when the engine closed stdout."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def expect(self, kind: str) -> dict[str, Any]:
        event = self.event()
        assert event is not None, f"no {kind} event; stderr: {self.stderr()}"
        assert event["type"] == kind, event
        return event

    def stream(self) -> socket.socket:
        """The data socket, once the engine has connected."""
        if self._stream is None:
            self._server.settimeout(60)
            self._stream = self._server.accept()[0]
            self._stream.settimeout(60)
        return self._stream

    def wait_credit(self) -> None:
        """Uses one credit, waiting for it where there is none."""
        while self.credit == 0:
            header = self._read_header()
            assert header["type"] == "credit", header
            assert header["tensors"] == []
            self.credit += header["batches"]
            self.granted.append(header["batches"])
        self.credit -= 1

    def send(self, header: dict[str, Any], arrays: Arrays) -> None:
        self.stream().sendall(encode({"type": "batch", **header}, arrays))

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """An evaluation request without batches, and its answer."""
        self._number += 1
        self.control({"id": self._number, "op": op, **fields})
        event = self.event()
        assert event is not None, self.stderr()
        assert event["id"] == self._number
        return event

    def embed(self, op: str, batches: list[Arrays], **fields: Any) -> dict[str, Any]:
        """An embedding request with its batches, and its answer."""
        self._number += 1
        self.control({"id": self._number, "op": op, **fields})
        for arrays in batches:
            self.wait_credit()
            self.send({"request": self._number}, arrays)
        event = self.event()
        assert event is not None, self.stderr()
        assert event["id"] == self._number
        return event

    def stderr(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def finish(self) -> int:
        """Waits for the engine to exit."""
        return self.process.wait(timeout=60)

    def _read_header(self) -> dict[str, Any]:
        (length,) = struct.unpack("<I", self._exactly(4))
        return json.loads(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.stream().recv(count - len(data))
            if not part:
                raise EOFError("the engine closed the data socket")
            data += part
        return data


def feed(client: Client, batches: Iterator[Arrays], start: int, size: int) -> threading.Thread:
    """Feeds training batches from sample `start` on a thread, as far as credit and engine allow."""

    def run() -> None:
        position = start
        try:
            for arrays in batches:
                client.wait_credit()
                client.send({"position": position, "epoch": position // 64}, arrays)
                position += size
        except (EOFError, OSError):
            pass  # the engine has what it wanted, or is gone

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def train(
    config: dict[str, Any],
    batches: Callable[[int], Arrays],
    until: Callable[[dict[str, Any]], bool] | None = None,
    then: Callable[[Client], None] | None = None,
) -> tuple[int, list[dict[str, Any]]]:
    """A whole training session; `then` is called once, at the first event for which `until` holds.

    `batches(step)` gives a step's arrays. Returns the exit code and all events.
    """
    with Client(threads=config["threads"] or 1) as client:
        client.control({"op": "train", "config": config})
        events = [client.expect("ready")]
        step = events[0]["step"]
        feed(
            client,
            (batches(index) for index in range(step, config["steps"])),
            events[0]["position"],
            config["batch_size"],
        )
        while (event := client.event()) is not None:
            events.append(event)
            if until is not None and then is not None and until(event):
                then(client)
                until = None
        return client.finish(), events
