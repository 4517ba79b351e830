"""Frames: what is written is read back, and malformed frames are refused by name."""

import json
import socket
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from client import encode
from wit_engine.errors import EngineError, StreamEndedError
from wit_engine.wire.frames import MAX_HEADER_BYTES, read_frame, write_frame

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(10)
    yield ours, theirs
    ours.close()
    theirs.close()


def raw(header: object, payload: bytes = b"") -> bytes:
    body = json.dumps(header).encode()
    return struct.pack("<I", len(body)) + body + payload


def test_tensors_arrive_as_they_were(pair: Pair) -> None:
    random = np.random.default_rng(0)
    arrays = {
        "images": random.integers(0, 256, (3, 5, 5, 3), dtype=np.uint8),  # an odd length
        "tokens": random.integers(-5, 2**31 - 1, (3, 7), dtype=np.int32),
        "weights": random.normal(size=4).astype(np.float32),
        "none": np.zeros((0, 4), dtype=np.int32),
    }
    data = encode({"type": "batch", "position": 12}, arrays)
    # In small pieces, as a busy socket delivers them.
    pieces = [data[start : start + 37] for start in range(0, len(data), 37)]
    thread = threading.Thread(target=lambda: [pair[0].sendall(piece) for piece in pieces])
    thread.start()
    frame = read_frame(pair[1])
    thread.join()
    assert frame.header["position"] == 12
    assert list(frame.tensors) == list(arrays)
    for name, array in arrays.items():
        assert torch.equal(frame.tensors[name], torch.from_numpy(array)), name


def test_written_frames_are_as_documented(pair: Pair) -> None:
    write_frame(pair[0], {"type": "credit", "batches": 3})
    data = pair[1].recv(1000)
    (length,) = struct.unpack("<I", data[:4])
    assert json.loads(data[4:]) == {"type": "credit", "batches": 3, "tensors": []}
    assert len(data) == 4 + length


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the data socket was closed$"),
        (b"\x10\x00", r"inside a frame's length \(2 of 4 bytes\)"),
        (raw({"type": "batch"})[:-3], "inside a frame's header"),
        (
            raw(
                {"type": "batch", "tensors": [{"name": "x", "dtype": "u8", "shape": [9]}]}, b"1234"
            ),
            r"inside tensor 'x' of a batch frame \(4 of 9 bytes\)",
        ),
    ],
)
def test_truncated_frames_say_where(pair: Pair, data: bytes, message: str) -> None:
    pair[0].sendall(data)
    pair[0].close()
    with pytest.raises(StreamEndedError, match=message):
        read_frame(pair[1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (struct.pack("<I", MAX_HEADER_BYTES + 1), "header claims 1048577 bytes"),
        (struct.pack("<I", 4) + b"oops", "not JSON"),
        (raw([1, 2]), "has no type"),
        (raw({"type": "batch", "tensors": 3}), "tensors is not a list"),
        (raw({"type": "batch", "tensors": [{}]}), "has no name"),
        (
            raw({"type": "batch", "tensors": [{"name": "x", "dtype": "f64", "shape": [1]}]}),
            "dtype 'f64' is not one of u8, i32, f32",
        ),
        (
            raw({"type": "batch", "tensors": [{"name": "x", "dtype": "u8", "shape": [-1]}]}),
            r"\[-1\] is not a shape",
        ),
        (
            raw({"type": "batch", "tensors": [{"name": "x", "dtype": "u8", "shape": [1 << 40]}]}),
            "payload exceeds",
        ),
    ],
)
def test_malformed_frames_are_refused(pair: Pair, data: bytes, message: str) -> None:
    pair[0].sendall(data)
    with pytest.raises(EngineError, match=message):
        read_frame(pair[1])
