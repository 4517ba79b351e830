"""What a run is told: typed, validated settings, read from the first control line.

The JSON form is described in docs/engine-protocol.md and is stored with every checkpoint.
"""

from dataclasses import dataclass, field
from typing import Any

from wit_engine.augment.config import AugmentConfig, read_augment
from wit_engine.errors import EngineError
from wit_engine.fields import Fields
from wit_engine.model.config import ModelConfig, read_model


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW and its schedule. `grad_clip` bounds the global gradient norm; None means no bound."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    warmup_steps: int
    grad_clip: float | None


@dataclass(frozen=True)
class TrainConfig:
    """Everything a training run depends on, besides its samples."""

    model: ModelConfig
    optimizer: OptimizerConfig
    augment: AugmentConfig
    steps: int
    batch_size: int
    seed: int
    precision: str
    gradient_checkpointing: bool
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    device: str
    threads: int | None
    checkpoint_dir: str
    checkpoint_every: int | None
    log_every: int
    resume: str | None
    prefetch: int
    meta: Any
    source: dict[str, Any] = field(repr=False, compare=False)
    """The JSON object this was read from, stored as it came in every checkpoint."""


@dataclass(frozen=True)
class EvaluateConfig:
    """What an evaluation session needs; the model's shape comes from the checkpoint."""

    checkpoint: str
    device: str
    precision: str
    threads: int | None
    prefetch: int


DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fast", "fp32", "bf16")


def read_train(data: object) -> TrainConfig:
    """Validates the `config` of a train line. Raises EngineError naming the first wrong key."""
    fields = Fields(data, "config")
    assert isinstance(data, dict)
    config = TrainConfig(
        model=read_model(fields.object("model")),
        optimizer=_read_optimizer(fields.object("optimizer")),
        augment=read_augment(fields.object("augment", {})),
        steps=fields.integer("steps"),
        batch_size=fields.integer("batch_size", minimum=2),
        seed=fields.integer("seed", minimum=0),
        precision=fields.choice("precision", PRECISIONS, "auto"),
        gradient_checkpointing=fields.boolean("gradient_checkpointing", False),
        mean=fields.triple("mean"),
        std=fields.triple("std", minimum=0.0),
        device=fields.choice("device", DEVICES, "auto"),
        threads=_read_threads(fields),
        checkpoint_dir=fields.text("checkpoint_dir"),
        checkpoint_every=fields.integer("checkpoint_every")
        if fields.has("checkpoint_every")
        else None,
        log_every=fields.integer("log_every"),
        resume=fields.text("resume") if fields.has("resume") else None,
        prefetch=fields.integer("prefetch", 4),
        meta=fields.value("meta", None),
        source=data,
    )
    fields.close()
    return config


def read_evaluate(data: dict[str, Any]) -> EvaluateConfig:
    """Validates an evaluate line."""
    fields = Fields(data, "evaluate")
    fields.value("op")
    config = EvaluateConfig(
        checkpoint=fields.text("checkpoint"),
        device=fields.choice("device", DEVICES, "auto"),
        precision=fields.choice("precision", PRECISIONS, "auto"),
        threads=_read_threads(fields),
        prefetch=fields.integer("prefetch", 4),
    )
    fields.close()
    return config


def _read_optimizer(fields: Fields) -> OptimizerConfig:
    optimizer = OptimizerConfig(
        lr=fields.number("lr"),
        beta1=fields.number("beta1", maximum=1.0),
        beta2=fields.number("beta2", maximum=1.0),
        eps=fields.number("eps"),
        weight_decay=fields.number("weight_decay"),
        warmup_steps=fields.integer("warmup_steps", minimum=0),
        grad_clip=fields.number("grad_clip") if fields.has("grad_clip") else None,
    )
    if optimizer.beta1 >= 1 or optimizer.beta2 >= 1:
        raise EngineError("config.optimizer: beta1 and beta2 must be below 1")
    if optimizer.grad_clip == 0:
        raise EngineError("config.optimizer.grad_clip: expected null or a number above 0, got 0")
    fields.close()
    return optimizer


def _read_threads(fields: Fields) -> int | None:
    return fields.integer("threads") if fields.has("threads") else None
