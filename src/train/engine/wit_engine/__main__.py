"""Entry point: `python -m wit_engine --socket PATH`. One process serves one session.

Exits 0 when the session ended in order (also when it was asked to stop early), 1 after an `error`
line.
"""

import argparse
import sys
import traceback

from wit_engine.config import read_evaluate, read_train
from wit_engine.errors import EngineError
from wit_engine.evaluate.session import evaluate
from wit_engine.train.session import train
from wit_engine.wire.batches import connect
from wit_engine.wire.control import Control
from wit_engine.wire.stop import Stop


def main() -> int:
    """Runs one session and returns the exit code."""
    parser = argparse.ArgumentParser(prog="wit_engine", description="The engine of wit.")
    parser.add_argument("--socket", required=True, help="path of the client's Unix socket")
    path = parser.parse_args().socket
    stop = Stop()
    stop.listen()
    control = Control(stop)
    try:
        _serve(path, control, stop)
    except EngineError as error:
        return _report(control, str(error))
    except Exception as error:
        # Out of memory, or a fault of the engine itself: the details go to stderr.
        return _report(control, f"{type(error).__name__}: {error}")
    return 0


def _serve(path: str, control: Control, stop: Stop) -> None:
    line = control.next()
    if line is None:
        return
    operation = line.get("op")
    if operation == "train":
        unknown = sorted(set(line) - {"op", "config"})
        if unknown:
            raise EngineError(f"train: unknown key {unknown[0]!r} (known: config, op)")
        config = read_train(line.get("config"))
        train(config, connect(path), control, stop)
    elif operation == "evaluate":
        settings = read_evaluate(line)
        evaluate(settings, connect(path), control, stop)
    else:
        raise EngineError(f"unknown op {operation!r} (a session starts with train or evaluate)")


def _report(control: Control, message: str) -> int:
    traceback.print_exc(file=sys.stderr)
    control.emit("error", message=message)
    return 1


if __name__ == "__main__":
    sys.exit(main())
