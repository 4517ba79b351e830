"""Training sessions with the real process: resumption, stopping, credit, and troubles."""

import json
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from client import Client, Run, encode, feed, train
from settings import RESNET, batch, config
from wit_engine.config import read_train
from wit_engine.device import open_device
from wit_engine.errors import EngineError
from wit_engine.train.trainer import Trainer

Events = list[dict[str, Any]]


def of(events: Events, kind: str) -> Events:
    return [event for event in events if event["type"] == kind]


def assert_same_checkpoints(ours: Path, theirs: Path) -> None:
    for name in ("model.safetensors", "optimizer.safetensors"):
        mine, other = load_file(ours / name), load_file(theirs / name)
        assert mine.keys() == other.keys()
        for key in mine:
            assert mine[key].tobytes() == other[key].tobytes(), key
    mine, other = (json.loads((path / "checkpoint.json").read_text()) for path in (ours, theirs))
    for key in ("step", "position", "epoch", "losses", "pending"):
        assert mine[key] == other[key], key


@pytest.fixture(params=["vit", "resnet"])
def whole(request: pytest.FixtureRequest, whole_run: Callable[[str], Run]) -> Run:
    """Either of the uninterrupted runs."""
    return whole_run(request.param)


def test_events_and_files_of_a_run(whole: Run) -> None:
    settings, folder, events = whole
    ready, done = events[0], events[-1]
    assert (ready["device"], ready["precision"], ready["threads"]) == ("cpu", "fp32", 1)
    assert (ready["step"], ready["position"]) == (0, 0)
    counts = ready["parameters"]
    assert counts["total"] == counts["image"] + counts["text"] + 1
    steps = of(events, "step")
    assert [event["step"] for event in steps] == [3, 6, 9, 12]
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert all(0 <= event["data_share"] <= 1 for event in steps)
    assert [event["epoch"] for event in steps] == [0, 0, 1, 1]
    paths = [event["path"] for event in of(events, "checkpoint")]
    assert paths == [str(folder / f"step-{step:08d}") for step in (4, 8, 12)]
    assert sorted(path.name for path in folder.iterdir()) == [Path(path).name for path in paths]
    assert (done["type"], done["steps"], done["stopped"]) == ("done", 12, None)
    assert done["path"] == paths[-1]
    assert done["peak_memory_bytes"] > 50e6
    info = json.loads((folder / "step-00000008" / "checkpoint.json").read_text())
    assert (info["schema"], info["step"], info["position"], info["epoch"]) == (1, 8, 64, 0)
    assert info["meta"] == settings["meta"]
    assert info["config"]["model"] == settings["model"]
    assert info["losses"] == [[event["step"], event["loss"]] for event in steps[:2]]


def assert_resumes_exactly(run: Run, resume: Path, folder: Path) -> None:
    """Resumes at step 4 and compares all that follows with the uninterrupted run."""
    settings, whole_folder, events = run
    settings = {**settings, "checkpoint_dir": str(folder), "resume": str(resume)}
    code, resumed = train(settings, batch)
    assert code == 0
    assert (resumed[0]["step"], resumed[0]["position"]) == (4, 32)
    assert_same_checkpoints(folder / "step-00000012", whole_folder / "step-00000012")
    told = ("step", "loss", "lr", "logit_scale", "grad_norm")
    for mine, other in zip(of(resumed, "step"), of(events, "step")[1:], strict=True):
        assert [mine[key] for key in told] == [other[key] for key in told]


def test_resumed_run_gives_the_same_bytes(whole_run: Callable[[str], Run], tmp_path: Path) -> None:
    run = whole_run("vit")
    assert_resumes_exactly(run, run[1] / "step-00000004", tmp_path)


def test_killed_run_resumes_to_the_same_bytes(
    whole_run: Callable[[str], Run], tmp_path: Path
) -> None:
    run = whole_run("resnet")
    code, _ = train(
        {**run[0], "checkpoint_dir": str(tmp_path)},
        batch,
        until=lambda event: event["type"] == "checkpoint" and event["step"] == 4,
        then=lambda client: client.process.kill(),
    )
    assert code == -signal.SIGKILL
    assert_resumes_exactly(run, tmp_path / "step-00000004", tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("how", ["SIGTERM", "stdin"])
def test_asked_to_stop_it_saves_and_leaves(how: str, tmp_path: Path) -> None:
    def stop(client: Client) -> None:
        if how == "SIGTERM":
            client.process.send_signal(signal.SIGTERM)
            client.process.send_signal(signal.SIGTERM)  # impatience must not hurt the checkpoint
        else:
            assert client.process.stdin is not None
            client.process.stdin.close()

    settings = config(tmp_path, steps=4000, checkpoint_every=None, log_every=1)
    code, events = train(settings, batch, lambda event: event.get("step") == 5, stop)
    assert code == 0
    done = events[-1]
    assert done["type"] == "done"
    assert done["stopped"] == ("SIGTERM" if how == "SIGTERM" else "stdin was closed")
    assert 5 <= done["steps"] < 4000
    assert done["path"] == str(tmp_path / f"step-{done['steps']:08d}")
    info = json.loads((Path(done["path"]) / "checkpoint.json").read_text())
    assert info["position"] == done["steps"] * 8


def test_stops_while_it_waits_for_batches(tmp_path: Path) -> None:
    with Client() as client:
        client.control({"op": "train", "config": config(tmp_path)})
        client.expect("ready")
        client.wait_credit()
        client.process.send_signal(signal.SIGINT)
        done = client.expect("done")
        assert (done["steps"], done["stopped"], done["path"]) == (0, "SIGINT", None)
        assert client.finish() == 0


def test_credit_bounds_what_is_under_way(tmp_path: Path) -> None:
    settings = config(tmp_path, steps=9, checkpoint_every=None, log_every=1, prefetch=3)
    with Client() as client:
        client.control({"op": "train", "config": settings})
        client.expect("ready")
        for step in range(9):
            # Everything granted so far, less what the engine has reported as trained.
            client.wait_credit()
            assert sum(client.granted) - step <= 3
            client.send({"position": step * 8, "epoch": 0}, batch(step))
            assert client.expect("step")["step"] == step + 1
        client.expect("checkpoint")
        client.expect("done")
        # Never more batches than the run needs.
        assert sum(client.granted) == 9
        assert client.finish() == 0


def test_resuming_a_finished_run_does_nothing(
    whole_run: Callable[[str], Run], tmp_path: Path
) -> None:
    settings, folder, _ = whole_run("vit")
    last = str(folder / "step-00000012")
    code, events = train({**settings, "resume": last, "checkpoint_dir": str(tmp_path)}, batch)
    assert code == 0
    assert [event["type"] for event in events] == ["ready", "done"]
    assert events[-1]["path"] == last


def failure(
    settings: dict[str, Any], send: bytes | None = None, preexec: Any = None, feeding: bool = False
) -> tuple[str, str]:
    """Runs a session that must fail; its error message and stderr."""
    with Client(preexec) as client:
        client.control({"op": "train", "config": settings})
        if send is not None:
            client.expect("ready")
            client.wait_credit()
            client.stream().sendall(send)
            client.stream().shutdown(1)
        if feeding:
            client.expect("ready")
            feed(client, (batch(step) for step in range(settings["steps"])), 0, 8)
        while (event := client.event()) is not None and event["type"] != "error":
            pass
        assert event is not None, client.stderr()
        assert client.event() is None
        assert client.finish() == 1
        return event["message"], client.stderr()


def test_batch_out_of_order(tmp_path: Path) -> None:
    sent = encode({"type": "batch", "position": 8, "epoch": 0}, batch(1))
    message, stderr = failure(config(tmp_path), sent)
    assert "a batch for position 8 arrived, expected 0" in message
    assert "there is no checkpoint yet" in message
    assert "Traceback" in stderr


def test_truncated_batch(tmp_path: Path) -> None:
    sent = encode({"type": "batch", "position": 0, "epoch": 0}, batch(0))[:-10]
    message, _ = failure(config(tmp_path), sent)
    assert "closed inside tensor 'tokens'" in message
    assert "after step 0 of 12" in message


def test_diverging_run_names_the_step_and_keeps_its_checkpoint(tmp_path: Path) -> None:
    settings = config(tmp_path, checkpoint_every=1, log_every=1)
    settings["optimizer"] |= {"lr": 1e30, "warmup_steps": 0, "grad_clip": None}
    message, _ = failure(settings, feeding=True)
    assert "in step 2" in message
    assert "not a number" in message
    assert f"the last checkpoint is {tmp_path / 'step-00000001'}" in message
    weights = load_file(tmp_path / "step-00000001" / "model.safetensors")
    assert all(np.isfinite(value).all() for value in weights.values())
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


def test_full_disk_is_named(tmp_path: Path) -> None:
    def limit() -> None:
        # Files may not grow beyond 64 KiB: writes then fail as they do on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    message, _ = failure(config(tmp_path), preexec=limit, feeding=True)
    assert f"cannot write the checkpoint {tmp_path / 'step-00000004'}" in message
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resume": "/nowhere/step-00000004"}, "/nowhere/step-00000004 is not a readable"),
        ({"seed": 8}, "its seed is 7, this run's is 8"),
        ({"model": RESNET}, "its model is"),
        ({"steps": 3}, "it has 4 steps, this run ends after 3"),
    ],
)
def test_checkpoints_that_do_not_fit_are_refused(
    whole_run: Callable[[str], Run], change: dict[str, Any], message: str
) -> None:
    settings, folder, _ = whole_run("vit")
    settings = {**settings, "resume": str(folder / "step-00000004"), **change}
    with pytest.raises(EngineError, match=message):
        Trainer(read_train(settings), open_device("cpu", "fp32", 1))


def test_damaged_checkpoints_are_named(whole_run: Callable[[str], Run], tmp_path: Path) -> None:
    settings, folder, _ = whole_run("vit")
    damaged = tmp_path / "step-00000004"
    for name in ("optimizer.safetensors", "model.safetensors", "checkpoint.json"):
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(folder / "step-00000004", damaged)
        with (damaged / name).open("r+b") as file:
            file.truncate(100)
        with pytest.raises(EngineError, match=name if "tensors" in name else "step-00000004"):
            Trainer(read_train({**settings, "resume": str(damaged)}), open_device("cpu", "fp32", 1))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"op": "dance"}, "unknown op 'dance'"),
        ("{oops", "a control line is not JSON"),
    ],
)
def test_bad_first_line(line: Any, message: str) -> None:
    with Client() as client:
        client.control(line)
        assert message in client.expect("error")["message"]
        assert client.finish() == 1
