"""Frames on the data socket: a length, a JSON header, and the raw bytes of its tensors."""

import json
import math
import socket
import struct
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wit_engine.errors import EngineError, StreamEndedError

MAX_HEADER_BYTES = 1 << 20
MAX_PAYLOAD_BYTES = 1 << 33
DTYPES = {"u8": torch.uint8, "i32": torch.int32, "f32": torch.float32}


@dataclass(frozen=True)
class Frame:
    """One message: its header, and its tensors by name (on the CPU, in memory of their own)."""

    header: dict[str, Any]
    tensors: dict[str, Tensor]


def write_frame(stream: socket.socket, header: dict[str, Any]) -> None:
    """Sends a frame without tensors; the engine has none to send."""
    body = json.dumps({**header, "tensors": []}).encode()
    stream.sendall(struct.pack("<I", len(body)) + body)


def read_frame(stream: socket.socket, pin: bool = False) -> Frame:
    """Waits for one whole frame. `pin` puts tensors in page-locked memory, for fast copies.

    Raises StreamEndedError where the stream ends, EngineError where the frame is malformed.
    """
    prefix = bytearray(4)
    if not _fill(stream, memoryview(prefix), "a frame's length", may_end=True):
        raise StreamEndedError("the data socket was closed")
    (length,) = struct.unpack("<I", prefix)
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise EngineError(f"a frame's header claims {length} bytes; at most {MAX_HEADER_BYTES}")
    body = bytearray(length)
    _fill(stream, memoryview(body), "a frame's header")
    header = _parse(body)
    tensors: dict[str, Tensor] = {}
    left = MAX_PAYLOAD_BYTES
    for name, dtype, shape in _specs(header):
        count = math.prod(shape)
        left -= count * dtype.itemsize
        if left < 0:
            raise EngineError(f"a frame's payload exceeds {MAX_PAYLOAD_BYTES} bytes at {name!r}")
        tensor = torch.empty(shape, dtype=dtype, pin_memory=pin)
        if count:
            flat = tensor.view(-1).view(torch.uint8).numpy().data
            _fill(stream, flat, f"tensor {name!r} of a {header['type']} frame")
        tensors[name] = tensor
    return Frame(header, tensors)


def _parse(body: bytearray) -> dict[str, Any]:
    try:
        header = json.loads(body)
    except ValueError as error:
        raise EngineError(f"a frame's header is not JSON: {error}") from error
    if not isinstance(header, dict) or not isinstance(header.get("type"), str):
        raise EngineError("a frame's header has no type")
    return header


def _specs(header: dict[str, Any]) -> list[tuple[str, torch.dtype, list[int]]]:
    specs = header.get("tensors", [])
    if not isinstance(specs, list):
        raise EngineError(f"{header['type']} frame: tensors is not a list")
    parsed = []
    for spec in specs:
        name = spec.get("name") if isinstance(spec, dict) else None
        if not isinstance(name, str):
            raise EngineError(f"{header['type']} frame: a tensor has no name")
        dtype, shape = spec.get("dtype"), spec.get("shape")
        if dtype not in DTYPES:
            raise EngineError(f"tensor {name!r}: dtype {dtype!r} is not one of {', '.join(DTYPES)}")
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
            raise EngineError(f"tensor {name!r}: {shape!r} is not a shape")
        parsed.append((name, DTYPES[dtype], shape))
    return parsed


def _fill(stream: socket.socket, view: memoryview, what: str, may_end: bool = False) -> bool:
    """Fills `view` from the stream; False where it ended before the first byte and may do so."""
    total = len(view)
    got = 0
    while got < total:
        try:
            count = stream.recv_into(view[got:])
        except OSError as error:
            raise StreamEndedError(f"the data socket failed: {error}") from error
        if count == 0:
            if may_end and got == 0:
                return False
            raise StreamEndedError(
                f"the data socket was closed inside {what} ({got} of {total} bytes)"
            )
        got += count
    return True
