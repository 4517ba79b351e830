"""Checkpoints: a folder of safetensors and JSON that appears whole or not at all."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from wit_engine.errors import EngineError

SCHEMA = 1


@dataclass(frozen=True)
class Checkpoint:
    """What is read back: `info` is checkpoint.json, the tensors go by open_clip's names."""

    path: Path
    info: dict[str, Any]
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]


def save_checkpoint(
    folder: Path,
    info: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    optimizer: Mapping[str, Tensor],
) -> Path:
    """Writes `folder/step-NNNNNNNN` and returns it. `info["step"]` gives the number.

    Everything is written to a temporary folder beside it and flushed to the disk; a rename makes
    it appear. Raises EngineError naming the path where the disk refuses; then nothing is left.
    """
    path = folder / f"step-{info['step']:08d}"
    partial = folder / f".{path.name}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left_over in folder.glob(".step-*"):  # of a run that was killed while it wrote
            shutil.rmtree(left_over)
        partial.mkdir()
        _write_tensors(partial / "model.safetensors", weights)
        _write_tensors(partial / "optimizer.safetensors", optimizer)
        text = json.dumps({"schema": SCHEMA, **info}, indent=1)
        (partial / "checkpoint.json").write_text(text + "\n", encoding="utf-8")
        _flush(partial / "checkpoint.json")
        _flush(partial)
        _replace(path, partial)
        _flush(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise EngineError(f"cannot write the checkpoint {path}: {error}") from error
    return path


def load_checkpoint(path: Path, with_optimizer: bool) -> Checkpoint:
    """Reads a checkpoint folder. Raises EngineError naming the file that is missing or damaged."""
    info = _read_info(path / "checkpoint.json")
    return Checkpoint(
        path=path,
        info=info,
        weights=_read_tensors(path / "model.safetensors"),
        optimizer=_read_tensors(path / "optimizer.safetensors") if with_optimizer else {},
    )


def load_weights(model: torch.nn.Module, checkpoint: Checkpoint) -> None:
    """Copies a checkpoint's weights into `model`, which must have exactly its parameters."""
    try:
        model.load_state_dict(checkpoint.weights)
    except RuntimeError as error:
        raise EngineError(
            f"the weights in {checkpoint.path} do not fit the model: {error}"
        ) from error


def _read_info(path: Path) -> dict[str, Any]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path.parent} is not a readable checkpoint: {error}") from error
    if not isinstance(info, dict) or info.get("schema") != SCHEMA:
        found = info.get("schema") if isinstance(info, dict) else None
        raise EngineError(f"{path}: schema {found!r} is not {SCHEMA}, the one this engine reads")
    missing = [key for key in ("step", "position", "config") if key not in info]
    if missing:
        raise EngineError(f"{path}: {missing[0]} is missing")
    return info


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise EngineError(f"cannot read {path}: {error}") from error


def _write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(host, path)
    _flush(path)


def _replace(path: Path, complete: Path) -> None:
    """Gives `complete` its final name. An older run's folder of that name is moved away first."""
    old = path.with_name(f".{path.name}.old")
    if path.exists():
        path.rename(old)
    complete.rename(path)
    if old.exists():
        shutil.rmtree(old)


def _flush(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
