"""The learning rate over a run."""

import math


def learning_rate(step: int, steps: int, warmup_steps: int, peak: float) -> float:
    """Rate of `step` (from 0): rises linearly over `warmup_steps`, then a cosine falls to 0.

    The warm-up's first step already learns; the cosine would reach 0 at step `steps`, which is
    never run.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))
