"""stdout carries events alone, whatever else prints; a client that leaves stops the session."""

import json
import subprocess
import sys

from client import ENGINE

NOISE = """
import os, sys
from wit_engine.wire.control import Control
from wit_engine.wire.stop import Stop
stop = Stop()
control = Control(stop)
print("a stray print")
os.system("echo a native library")
control.emit("ready", step=0)
line = control.next()
control.emit("echo", line=line)
assert control.next() is None
control.emit("end", reason=stop.reason)
"""


def run(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ENGINE), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_stray_output_goes_to_stderr() -> None:
    process = run(NOISE)
    out, err = process.communicate(b'\n{"op": "x", "text": "\xc3\xa4"}', timeout=30)
    assert [json.loads(line) for line in out.splitlines()] == [
        {"type": "ready", "step": 0},
        {"type": "echo", "line": {"op": "x", "text": "ä"}},
        {"type": "end", "reason": "stdin was closed"},
    ]
    assert b"a stray print" in err
    assert b"a native library" in err
    assert process.returncode == 0


def test_closed_stdout_asks_to_stop() -> None:
    code = NOISE.split("line =")[0] + "control.emit('x'); print(stop.reason)"
    process = run(code)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read().decode().endswith("stdout was closed\n")
    assert process.wait(timeout=30) == 0
    process.stderr.close()
    assert process.stdin is not None
    process.stdin.close()
