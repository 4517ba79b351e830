"""Checkpoints appear whole, replace older ones, and clear up after runs that were killed."""

import json
from pathlib import Path

import pytest
import torch

from wit_engine.errors import EngineError
from wit_engine.train.checkpoint import load_checkpoint, save_checkpoint

INFO = {"step": 3, "position": 24, "config": {}}


def save(folder: Path, value: float) -> Path:
    # Channels last: such tensors must be saved in their logical order.
    weight = torch.arange(24.0).view(1, 2, 3, 4).to(memory_format=torch.channels_last) + value
    return save_checkpoint(folder, INFO, {"w": weight}, {"exp_avg.w": weight * 2})


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    path = save(tmp_path / "a" / "b", 0.5)
    assert path == tmp_path / "a" / "b" / "step-00000003"
    read = load_checkpoint(path, with_optimizer=True)
    assert read.info == {"schema": 1, **INFO}
    assert torch.equal(read.weights["w"].flatten(), torch.arange(24.0) + 0.5)
    assert torch.equal(read.optimizer["exp_avg.w"], read.weights["w"] * 2)
    assert load_checkpoint(path, with_optimizer=False).optimizer == {}


def test_an_older_folder_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    save(tmp_path, 1.0)
    path = save(tmp_path, 2.0)
    assert load_checkpoint(path, False).weights["w"].min() == 2.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000003"]


def test_left_overs_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".step-00000002.partial").mkdir()
    (tmp_path / ".step-00000002.partial" / "model.safetensors").write_bytes(b"half")
    save(tmp_path, 0.0)
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000003"]


def test_a_failed_write_leaves_the_older_checkpoint(tmp_path: Path) -> None:
    path = save(tmp_path, 1.0)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError, match=r"cannot write the checkpoint .*file/step-00000003"):
        save(tmp_path / "file", 2.0)
    assert load_checkpoint(path, False).weights["w"].min() == 1.0


def test_checkpoints_of_another_schema_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, 1.0)
    for info, message in (
        ({"schema": 2}, "schema 2 is not 1"),
        ({"schema": 1, "step": 3, "config": {}}, "position is missing"),
        ([], "schema None"),
    ):
        (path / "checkpoint.json").write_text(json.dumps(info))
        with pytest.raises(EngineError, match=message):
            load_checkpoint(path, with_optimizer=False)
