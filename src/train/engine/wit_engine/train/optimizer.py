"""AdamW over CLIP's parameters: weights decay; gains, biases and the temperature do not."""

from collections.abc import Mapping

import torch
from torch import Tensor

from wit_engine.config import OptimizerConfig
from wit_engine.errors import EngineError
from wit_engine.model.clip import CLIP, public_name

_MOMENTS = ("exp_avg", "exp_avg_sq")


def build_optimizer(model: CLIP, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW in two groups. Its learning rate is set before every step."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    kept = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": kept, "weight_decay": 0.0},
        ],
        lr=config.lr,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=True,
    )


def moments(model: CLIP, optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    """The optimizer's state as flat tensors: exp_avg.NAME and exp_avg_sq.NAME."""
    return {
        f"{moment}.{public_name(name)}": optimizer.state[parameter][moment]
        for name, parameter in model.named_parameters()
        for moment in _MOMENTS
    }


def restore_moments(
    model: CLIP, optimizer: torch.optim.AdamW, saved: Mapping[str, Tensor], step: int
) -> None:
    """Puts back what `moments` gave after `step` steps, in each parameter's memory layout."""
    for name, parameter in model.named_parameters():
        state: dict[str, Tensor] = {"step": torch.tensor(float(step), device=parameter.device)}
        for moment in _MOMENTS:
            key = f"{moment}.{public_name(name)}"
            if key not in saved or saved[key].shape != parameter.shape:
                raise EngineError(f"the checkpoint's optimizer state has no fitting {key}")
            state[moment] = torch.empty_like(parameter).copy_(saved[key])
        optimizer.state[parameter] = state
