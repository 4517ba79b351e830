"""One training run's state, and the single step that moves it on.

Shapes: B batch, S image side, L tokens.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wit_engine.augment.pipeline import Augment, Normalise
from wit_engine.config import TrainConfig
from wit_engine.device import Device
from wit_engine.errors import EngineError
from wit_engine.model.clip import CLIP
from wit_engine.model.config import ResnetConfig
from wit_engine.model.text import trim
from wit_engine.train.checkpoint import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
)
from wit_engine.train.loss import contrastive_loss
from wit_engine.train.metrics import Metrics
from wit_engine.train.optimizer import build_optimizer, moments, restore_moments
from wit_engine.train.schedule import learning_rate


class Trainer:
    """Model, optimizer and progress. `step` counts finished steps."""

    def __init__(self, config: TrainConfig, device: Device) -> None:
        self._config = config
        self._device = device
        self.step = 0
        self.epoch = 0
        self.losses: list[list[float]] = []
        torch.manual_seed(config.seed)
        self.model = CLIP(config.model).to(device.torch)
        if isinstance(config.model.image, ResnetConfig):
            # Convolutions are quicker when the channels of a pixel lie together.
            self.model.visual.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if config.gradient_checkpointing:
            self.model.recompute_activations()
        self.model.train()
        self._parameters = list(self.model.parameters())
        self._optimizer = build_optimizer(self.model, config.optimizer)
        self._augment = Augment(
            config.augment,
            config.seed,
            config.steps,
            Normalise(config.mean, config.std, device.torch),
        )
        self.metrics = Metrics(device.torch)
        if config.resume is not None:
            self._restore(Path(config.resume))

    @property
    def position(self) -> int:
        """Index of the first sample that the next step uses."""
        return self.step * self._config.batch_size

    @property
    def last_learning_rate(self) -> float:
        """The rate of the last finished step."""
        return float(self._optimizer.param_groups[0]["lr"])

    def train_step(self, images_BSS3: Tensor, tokens_BL: Tensor, epoch: int) -> None:
        """Learns from one batch of u8 images and i32 tokens in the CPU's memory."""
        device = self._device.torch
        tokens_BL = trim(tokens_BL).to(device, non_blocking=True)
        x_B3SS = self._augment(images_BSS3.to(device, non_blocking=True), self.step)
        with self._device.autocast():
            image_BE, text_BE = self.model(x_B3SS, tokens_BL)
        loss = contrastive_loss(image_BE, text_BE, self.model.logit_scale)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        grad_norm = self._clip_gradients()
        schedule = self._config.optimizer
        rate = learning_rate(self.step, self._config.steps, schedule.warmup_steps, schedule.lr)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self.model.clamp_logit_scale()
        self.step += 1
        self.epoch = epoch
        self.metrics.add(self.step, loss, grad_norm)
        if self._device.host_only:
            self.metrics.check()

    def save(self) -> Path:
        """Writes a checkpoint. Raises EngineError rather than save weights that are not finite."""
        self.metrics.check()
        info: dict[str, Any] = {
            "step": self.step,
            "position": self.position,
            "epoch": self.epoch,
            "config": {key: value for key, value in self._config.source.items() if key != "meta"},
            "meta": self._config.meta,
            "losses": self.losses,
            "pending": self.metrics.pending(),
        }
        return save_checkpoint(
            Path(self._config.checkpoint_dir),
            info,
            self.model.state_dict(),
            moments(self.model, self._optimizer),
        )

    def _clip_gradients(self) -> Tensor:
        """Scales gradients down to `grad_clip` and returns their norm from before."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if self._config.optimizer.grad_clip is not None:
            torch.nn.utils.clip_grads_with_norm_(
                self._parameters, self._config.optimizer.grad_clip, norm
            )
        return norm

    def _restore(self, path: Path) -> None:
        checkpoint = load_checkpoint(path, with_optimizer=True)
        saved = checkpoint.info["config"]
        for key in ("model", "batch_size", "seed"):
            if saved.get(key) != self._config.source.get(key):
                raise EngineError(
                    f"cannot resume from {path}: its {key} is {saved.get(key)!r}, "
                    f"this run's is {self._config.source.get(key)!r}"
                )
        self.step = int(checkpoint.info["step"])
        if self.step > self._config.steps:
            raise EngineError(
                f"cannot resume from {path}: it has {self.step} steps, "
                f"this run ends after {self._config.steps}"
            )
        load_weights(self.model, checkpoint)
        restore_moments(self.model, self._optimizer, checkpoint.optimizer, self.step)
        self.epoch = int(checkpoint.info.get("epoch", 0))
        self.losses = list(checkpoint.info.get("losses", []))
        pending = checkpoint.info.get("pending", {"loss_sum": 0.0, "steps": 0})
        self.metrics = Metrics(self._device.torch, pending["loss_sum"], pending["steps"])
