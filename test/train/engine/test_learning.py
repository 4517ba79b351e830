"""Loss, schedule, optimizer and running figures."""

import copy
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from settings import RESNET, VIT, batch, config
from wit_engine.config import OptimizerConfig, read_train
from wit_engine.device import open_device
from wit_engine.errors import EngineError
from wit_engine.fields import Fields
from wit_engine.model.clip import CLIP, public_name
from wit_engine.model.config import read_model
from wit_engine.train.loss import contrastive_loss
from wit_engine.train.metrics import Metrics
from wit_engine.train.optimizer import build_optimizer
from wit_engine.train.schedule import learning_rate
from wit_engine.train.trainer import Trainer


def test_loss_equals_the_definition() -> None:
    random = np.random.default_rng(0)
    image, text = (random.normal(size=(5, 7)) for _ in range(2))
    image /= np.linalg.norm(image, axis=1, keepdims=True)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    total = 0.0
    for i in range(5):
        to_texts = [math.exp(3.0 * image[i] @ text[j]) for j in range(5)]
        to_images = [math.exp(3.0 * image[j] @ text[i]) for j in range(5)]
        total -= math.log(to_texts[i] / sum(to_texts)) + math.log(to_images[i] / sum(to_images))
    loss = contrastive_loss(
        torch.tensor(image), torch.tensor(text), torch.tensor(math.log(3.0), dtype=torch.float64)
    )
    assert loss.item() == pytest.approx(total / 10, rel=1e-12)


def test_schedule_rises_then_falls_to_nothing() -> None:
    rates = [learning_rate(step, 20, 4, 2.0) for step in range(20)]
    assert rates[:5] == [0.5, 1.0, 1.5, 2.0, 2.0]
    assert rates[12] == pytest.approx(1.0)
    assert all(a > b for a, b in itertools.pairwise(rates[4:]))
    assert 0 < rates[-1] < 0.05
    assert learning_rate(20, 20, 4, 2.0) == pytest.approx(0.0)
    assert learning_rate(0, 1, 0, 2.0) == 2.0
    assert learning_rate(3, 4, 8, 2.0) == 1.0  # a run that ends inside its warm-up


def test_only_weights_decay() -> None:
    model = CLIP(read_model(Fields(copy.deepcopy(RESNET), "model")))
    config = OptimizerConfig(0.1, 0.9, 0.98, 1e-6, 0.5, 0, None)
    optimizer = build_optimizer(model, config)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        decays = not public_name(name).endswith((".bias", "_bias", "logit_scale")) and not (
            "bn" in name or "ln_" in name or "downsample.1" in name
        )
        factor = 1 - 0.1 * 0.5 if decays else 1.0
        torch.testing.assert_close(parameter.detach(), before[name] * factor, msg=name)


def test_adam_follows_its_formula() -> None:
    model = CLIP(read_model(Fields(copy.deepcopy(VIT), "model")))
    config = OptimizerConfig(0.01, 0.9, 0.98, 1e-6, 0.2, 0, None)
    optimizer = build_optimizer(model, config)
    weight = model.text.text_projection
    expected = weight.detach().double().clone()
    first, second = torch.zeros_like(expected), torch.zeros_like(expected)
    for step in range(1, 4):
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        gradient = weight.grad.double()
        optimizer.step()
        first = 0.9 * first + 0.1 * gradient
        second = 0.98 * second + 0.02 * gradient**2
        expected *= 1 - 0.01 * 0.2
        expected -= 0.01 * (first / (1 - 0.9**step)) / ((second / (1 - 0.98**step)).sqrt() + 1e-6)
    torch.testing.assert_close(weight.detach().double(), expected, rtol=1e-5, atol=1e-6)


def test_metrics_average_and_name_the_first_bad_step() -> None:
    metrics = Metrics(torch.device("cpu"))
    for step, loss in enumerate([1.0, 2.0, 4.5], start=1):
        metrics.add(step, torch.tensor(loss), torch.tensor(0.5))
    metrics.check()
    assert metrics.read().loss == 2.5
    assert metrics.pending() == {"loss_sum": 7.5, "steps": 3}
    metrics.reset()
    metrics.add(4, torch.tensor(1.0), torch.tensor(float("inf")))
    metrics.add(5, torch.tensor(float("nan")), torch.tensor(1.0))
    with pytest.raises(EngineError, match="in step 4"):
        metrics.check()


def test_bf16_learns_as_fp32_does(tmp_path: Path) -> None:
    losses = {}
    for precision in ("fp32", "bf16"):
        settings = config(tmp_path, RESNET, precision=precision, gradient_checkpointing=True)
        trainer = Trainer(read_train(settings), open_device("cpu", precision, 1))
        for _ in range(10):
            arrays = {name: torch.from_numpy(array) for name, array in batch(0).items()}
            trainer.train_step(arrays["images"], arrays["tokens"], 0)
        trainer.metrics.check()
        losses[precision] = trainer.metrics.read().loss
        assert all(p.dtype == torch.float32 for p in trainer.model.parameters())
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.03)
    assert losses["bf16"] != losses["fp32"]
    assert losses["fp32"] < 2.3
