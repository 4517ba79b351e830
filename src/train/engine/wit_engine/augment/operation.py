"""The shape of one augmentation, and how its randomness is drawn.

An operation draws its parameters for a whole batch on the CPU and applies them on the device. Its
draws depend on (seed, step, its name) alone: not on other operations, the device, or what ran
before, so that a resumed run continues exactly and turning one option on leaves the others as is.

Shapes: B batch, S image side. Images are fp32 in 0..1, channels first: x_B3SS.
"""

import hashlib
from typing import Protocol

import torch
from torch import Generator, Tensor


class Operation(Protocol):
    """One augmentation. A new one is a class with these members, listed in `pipeline.py`."""

    name: str

    def draw(self, generator: Generator, images: int, side: int) -> Tensor:
        """Parameters for a batch, one row an image, on the CPU."""
        ...

    def apply(self, x_B3SS: Tensor, parameters: Tensor) -> Tensor:
        """The augmented batch; `parameters` have been moved to its device."""
        ...


def generator_for(seed: int, step: int, name: str) -> Generator:
    """The source of randomness of one operation in one step."""
    digest = hashlib.blake2b(f"{seed}/{step}/{name}".encode(), digest_size=7).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little"))


def uniform(generator: Generator, count: int, low: float, high: float) -> Tensor:
    """`count` numbers from [low, high). Consumes the generator alike whatever the bounds are."""
    return low + (high - low) * torch.rand(count, generator=generator)
