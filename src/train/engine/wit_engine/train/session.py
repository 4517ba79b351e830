"""The training session: batches in, steps, events and checkpoints out."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from wit_engine.config import TrainConfig
from wit_engine.device import open_device
from wit_engine.errors import EngineError, StreamEndedError
from wit_engine.train.trainer import Trainer
from wit_engine.wire.batches import Batches
from wit_engine.wire.control import Control
from wit_engine.wire.frames import Frame
from wit_engine.wire.stop import Stop
from wit_engine.wire.tensors import check_images, check_tokens


@dataclass(frozen=True)
class TrainBatch:
    """A checked batch: u8 images [B, S, S, 3], i32 tokens [B, L]."""

    images: Tensor
    tokens: Tensor
    epoch: int


def train(config: TrainConfig, stream: socket.socket, control: Control, stop: Stop) -> None:
    """Runs to `config.steps`, or until asked to stop; a checkpoint is written in both cases."""
    device = open_device(config.device, config.precision, config.threads)
    trainer = Trainer(config, device)
    started = time.monotonic()
    path = Path(config.resume) if config.resume is not None else None
    control.emit(
        "ready",
        device=str(device.torch),
        precision=device.precision,
        torch=str(torch.__version__),
        parameters=trainer.model.parameter_counts(),
        step=trainer.step,
        position=trainer.position,
        threads=torch.get_num_threads(),
    )
    saved_step = trainer.step
    batches = Batches(stream, config.prefetch, stop, pin=device.torch.type == "cuda")
    log = _Log(trainer, config, control, batches)
    try:
        while trainer.step < config.steps and stop.reason is None:
            batches.request(config.steps - trainer.step)
            frame = batches.take()
            if frame is None:
                break
            batch = _check(frame, trainer.position, config)
            trainer.train_step(batch.images, batch.tokens, batch.epoch)
            if trainer.step % config.log_every == 0 or trainer.step == config.steps:
                log.write()
            every = config.checkpoint_every
            if every is not None and trainer.step % every == 0:
                path, saved_step = _save(trainer, control), trainer.step
        if saved_step != trainer.step:
            path = _save(trainer, control)
    except EngineError as error:
        kept = f"the last checkpoint is {path}" if path else "there is no checkpoint yet"
        where = ""
        if isinstance(error, StreamEndedError):
            where = f" after step {trainer.step} of {config.steps}"
        raise EngineError(f"{error}{where} ({kept})") from error
    control.emit(
        "done",
        steps=trainer.step,
        stopped=stop.reason if trainer.step < config.steps else None,
        seconds=round(time.monotonic() - started, 3),
        peak_memory_bytes=device.peak_memory_bytes(),
        path=None if path is None else str(path),
    )


class _Log:
    """Writes `step` lines; rates cover the time since the line before."""

    def __init__(
        self, trainer: Trainer, config: TrainConfig, control: Control, batches: Batches
    ) -> None:
        self._trainer = trainer
        self._config = config
        self._control = control
        self._batches = batches
        self._mark = (time.monotonic(), trainer.step, batches.waited)

    def write(self) -> None:
        trainer = self._trainer
        trainer.metrics.check()
        reading = trainer.metrics.read()
        trainer.metrics.reset()
        trainer.losses.append([trainer.step, reading.loss])
        mark = (time.monotonic(), trainer.step, self._batches.waited)
        seconds, steps, waited = (new - old for new, old in zip(mark, self._mark, strict=True))
        self._mark = mark
        self._control.emit(
            "step",
            step=trainer.step,
            steps=self._config.steps,
            epoch=trainer.epoch,
            loss=reading.loss,
            lr=trainer.last_learning_rate,
            logit_scale=float(trainer.model.logit_scale.exp()),
            grad_norm=reading.grad_norm,
            samples_per_second=round(steps * self._config.batch_size / seconds, 3),
            data_share=round(waited / seconds, 4),
        )


def _save(trainer: Trainer, control: Control) -> Path:
    path = trainer.save()
    control.emit("checkpoint", step=trainer.step, path=str(path))
    return path


def _check(frame: Frame, position: int, config: TrainConfig) -> TrainBatch:
    """Raises EngineError unless the frame is exactly the batch that comes next."""
    if frame.header.get("position") != position:
        raise EngineError(
            f"a batch for position {frame.header.get('position')} arrived, expected {position}"
        )
    epoch = frame.header.get("epoch", 0)
    if type(epoch) is not int:
        raise EngineError(f"batch at position {position}: epoch {epoch!r} is not a whole number")
    where = f"batch at position {position}"
    model = config.model
    return TrainBatch(
        images=check_images(frame.tensors, where, config.batch_size, model.image.size),
        tokens=check_tokens(
            frame.tensors, where, config.batch_size, model.text.context, model.text.vocab
        ),
        epoch=epoch,
    )
