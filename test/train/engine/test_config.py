"""Every wrong setting is refused with its name and value; checks of batches likewise."""

from pathlib import Path
from typing import Any

import pytest
import torch

from settings import config
from wit_engine.config import read_evaluate, read_train
from wit_engine.device import open_device
from wit_engine.errors import EngineError
from wit_engine.wire.tensors import check_groups, check_images, check_tokens


def test_a_whole_config_is_read(tmp_path: Path) -> None:
    read = read_train(config(tmp_path, resume="x", threads=None, checkpoint_every=None))
    assert read.model.image.size == 16
    assert read.optimizer.grad_clip == 1.0
    assert read.checkpoint_every is None
    assert read.meta == {"note": "kept as it is"}


def test_defaults(tmp_path: Path) -> None:
    data = config(tmp_path)
    for key in ("prefetch", "meta", "resume", "threads", "augment", "device", "precision"):
        del data[key]
    read = read_train(data)
    assert (read.prefetch, read.device, read.precision) == (4, "auto", "auto")
    assert read.model.text.kind == "transformer"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, r"config.steps: expected a whole number of at least 1, got 0"),
        ({"steps": 2.5}, "config.steps"),
        ({"steps": True}, "config.steps"),
        ({"batch_size": 1}, "config.batch_size: expected a whole number of at least 2"),
        ({"mean": [0.5, 0.5]}, "config.mean: expected three numbers"),
        ({"std": [0.5, 0.5, 0]}, "config.std: expected three numbers above 0"),
        ({"precision": "fp8"}, "config.precision: expected one of auto, fast, fp32, bf16"),
        ({"device": "tpu"}, "config.device"),
        ({"model": {}}, "config.model.image is missing|config.model.embed_dim is missing"),
        ({"leraning_rate": 1}, "unknown key 'leraning_rate'"),
        ({"optimizer": 3}, "config.optimizer: expected an object, got 3"),
        ({"checkpoint_dir": ""}, "config.checkpoint_dir"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        read_train(config(tmp_path, **change))


def test_wrong_optimizer_settings_are_named(tmp_path: Path) -> None:
    for key, value, message in (
        ("beta2", 1.0, "beta1 and beta2 must be below 1"),
        ("lr", -1, "config.optimizer.lr: expected a number of at least 0, got -1"),
        ("grad_clip", 0, "grad_clip"),
        ("momentum", 0.9, "unknown key 'momentum'"),
    ):
        data = config(tmp_path)
        data["optimizer"][key] = value
        with pytest.raises(EngineError, match=message):
            read_train(data)


def test_missing_setting_is_named(tmp_path: Path) -> None:
    data = config(tmp_path)
    del data["optimizer"]["eps"]
    with pytest.raises(EngineError, match=r"config.optimizer.eps is missing"):
        read_train(data)


def test_evaluate_line() -> None:
    assert read_evaluate({"op": "evaluate", "checkpoint": "x"}).prefetch == 4
    with pytest.raises(EngineError, match=r"evaluate.checkpoint is missing"):
        read_evaluate({"op": "evaluate"})


def test_absent_device_is_named() -> None:
    if torch.cuda.is_available():
        assert open_device("cuda", "auto", None).torch.type == "cuda"
    else:
        with pytest.raises(EngineError, match=r"'cuda' is not available here \(available: .*cpu"):
            open_device("cuda", "auto", None)


def test_auto_precision_is_fp32_on_a_cpu() -> None:
    assert open_device("cpu", "auto", 1).precision == "fp32"
    assert open_device("cpu", "fast", 1).precision in ("fp32", "bf16")


def test_batches_are_checked() -> None:
    images = torch.zeros(2, 16, 16, 3, dtype=torch.uint8)
    tokens = torch.tensor([[62, 1, 63], [62, 2, 63]], dtype=torch.int32)
    batch = {"images": images, "tokens": tokens, "group": torch.tensor([0, 2], dtype=torch.int32)}
    assert check_images(batch, "b", 2, 16) is images
    assert check_tokens(batch, "b", None, 3, 64) is tokens
    for check, message in (
        (lambda: check_images({}, "b", 2, 16), "b: it has no tensor 'images'"),
        (lambda: check_images(batch, "b", 3, 16), r"\[2, 16, 16, 3\], expected \[3, 16, 16, 3\]"),
        (lambda: check_images({"images": images.float()}, "b", 2, 16), "is torch.float32"),
        (lambda: check_images({"images": images[:0]}, "b", None, 16), r"expected \[n, 16, 16, 3\]"),
        (lambda: check_tokens(batch, "b", 2, 3, 63), "token id 63 is not below"),
        (lambda: check_tokens({"tokens": -tokens}, "b", 2, 3, 64), "token id -63"),
        (lambda: check_groups(batch, "b", 2, 2), r"group 2 is not in 0…1"),
    ):
        with pytest.raises(EngineError, match=message):
            check()
