"""Running figures of a training run, kept on the device so that reading them costs one wait.

A run on an accelerator queues work far ahead; each value read back would drain that queue. So loss
and health are folded into a small tensor, read only when something is logged or saved.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from wit_engine.errors import EngineError


@dataclass(frozen=True)
class Reading:
    """`loss` is the mean over `steps` steps; `grad_norm` the last step's, before clipping."""

    loss: float
    grad_norm: float
    steps: int


class Metrics:
    """Sums losses since the last log line and remembers the first step that went wrong."""

    def __init__(self, device: torch.device, loss_sum: float = 0.0, steps: int = 0) -> None:
        self._loss_sum = torch.tensor(loss_sum, device=device)
        self._steps = steps
        self._grad_norm = torch.zeros((), device=device)
        self._first_bad = torch.full((), _NONE, dtype=torch.int64, device=device)

    def add(self, step: int, loss: Tensor, grad_norm: Tensor) -> None:
        """Records step `step` without waiting for the device."""
        self._loss_sum += loss.detach()
        self._grad_norm = grad_norm
        self._steps += 1
        sound = torch.isfinite(loss.detach()) & torch.isfinite(grad_norm)
        self._first_bad = torch.where(sound, self._first_bad, self._first_bad.clamp(max=step))

    def check(self) -> None:
        """Raises EngineError when a loss or gradient since the start was not finite. Waits."""
        step = int(self._first_bad)
        if step != _NONE:
            raise EngineError(
                f"the loss or its gradient became infinite or not a number in step {step}; "
                "try a lower learning rate, a longer warm-up or fp32"
            )

    def read(self) -> Reading:
        """The figures since the last `reset`. Waits for the device."""
        return Reading(
            loss=float(self._loss_sum) / max(1, self._steps),
            grad_norm=float(self._grad_norm),
            steps=self._steps,
        )

    def pending(self) -> dict[str, float]:
        """What a checkpoint must keep for the next log line to be the same after a resumption."""
        return {"loss_sum": float(self._loss_sum), "steps": self._steps}

    def reset(self) -> None:
        """Starts the next mean."""
        self._loss_sum = torch.zeros_like(self._loss_sum)
        self._steps = 0


_NONE = 2**62
