"""Blur, hidden rectangles and noise.

Shapes: B batch, S image side.
"""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from wit_engine.augment.config import AugmentConfig
from wit_engine.augment.operation import uniform


class Blur:
    """A 3×3 binomial blur of some images."""

    name = "blur"

    def __init__(self, config: AugmentConfig) -> None:
        self._probability = config.blur

    def draw(self, generator: Generator, images: int, side: int) -> Tensor:  # noqa: ARG002
        return (torch.rand(images, generator=generator) < self._probability).float()

    def apply(self, x_B3SS: Tensor, parameters: Tensor) -> Tensor:
        padded = F.pad(x_B3SS, (1, 1, 1, 1), mode="replicate")
        rows = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
        blurred = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4
        return torch.lerp(x_B3SS, blurred, parameters.view(-1, 1, 1, 1))


class Erase:
    """Hides one rectangle of some images."""

    name = "erase"

    def __init__(self, config: AugmentConfig) -> None:
        self._probability = config.erase
        self._colour = (0.5, 0.5, 0.5) if isinstance(config.fill, str) else config.fill

    def draw(self, generator: Generator, images: int, side: int) -> Tensor:
        """For each image left, right, top, bottom in pixels; an empty span where it is spared."""
        width = (side * uniform(generator, images, 0.125, 0.5)).round()
        height = (side * uniform(generator, images, 0.125, 0.5)).round()
        left = ((side - width) * torch.rand(images, generator=generator)).round()
        top = ((side - height) * torch.rand(images, generator=generator)).round()
        hit = torch.rand(images, generator=generator) < self._probability
        return torch.stack([left, left + width * hit, top, top + height], dim=1)

    def apply(self, x_B3SS: Tensor, parameters: Tensor) -> Tensor:
        place_S = torch.arange(x_B3SS.shape[-1], device=x_B3SS.device)
        left, right, top, bottom = parameters.unsqueeze(2).unbind(1)
        across_BS = (place_S >= left) & (place_S < right)
        down_BS = (place_S >= top) & (place_S < bottom)
        hidden_B1SS = (down_BS.unsqueeze(2) & across_BS.unsqueeze(1)).unsqueeze(1)
        return torch.where(hidden_B1SS, x_B3SS.new_tensor(self._colour).view(3, 1, 1), x_B3SS)


class Noise:
    """Gaussian noise on every pixel; the result is clamped to 0..1."""

    name = "noise"

    def __init__(self, config: AugmentConfig) -> None:
        self._deviation = config.noise

    def draw(self, generator: Generator, images: int, side: int) -> Tensor:
        return self._deviation * torch.randn(images, 3, side, side, generator=generator)

    def apply(self, x_B3SS: Tensor, parameters: Tensor) -> Tensor:
        return (x_B3SS + parameters).clamp_(0, 1)
