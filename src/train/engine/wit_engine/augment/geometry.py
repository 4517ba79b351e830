"""Zoom, aspect, rotation, shear, shift and mirror image, as one resampling.

Shapes: B batch, S image side.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from wit_engine.augment.config import AugmentConfig
from wit_engine.augment.operation import uniform


class Geometry:
    """Composes all geometric options into one affine map, so that pixels are blended only once."""

    name = "geometry"

    def __init__(self, config: AugmentConfig) -> None:
        self._config = config

    @staticmethod
    def wanted(config: AugmentConfig) -> bool:
        """Whether any geometric option is on."""
        none = AugmentConfig()
        keys = ("scale", "aspect", "rotate", "shear", "translate", "flip")
        return any(getattr(config, key) != getattr(none, key) for key in keys)

    def draw(self, generator: Generator, images: int, side: int) -> Tensor:  # noqa: ARG002
        """For each image the 2×3 map from places in the output to places in the input."""
        config = self._config
        low, high = config.scale
        size = uniform(generator, images, math.log(low), math.log(high)).exp()
        stretch = math.log(config.aspect) / 2
        aspect = uniform(generator, images, -stretch, stretch).exp()
        angle = uniform(generator, images, -1, 1) * math.radians(config.rotate)
        shear = (uniform(generator, images, -1, 1) * math.radians(config.shear)).tan()
        mirror = torch.where(torch.rand(images, generator=generator) < config.flip, -1.0, 1.0)
        # Places run from -1 to 1, so a shift by the whole side is 2.
        shift_B2 = 2 * config.translate * (2 * torch.rand(images, 2, generator=generator) - 1)
        cos, sin = angle.cos(), angle.sin()
        x_scale, y_scale = size * aspect * mirror, size / aspect
        forward = torch.stack(
            [
                torch.stack([cos * x_scale, (cos * shear - sin) * y_scale], dim=1),
                torch.stack([sin * x_scale, (sin * shear + cos) * y_scale], dim=1),
            ],
            dim=1,
        )
        inverse_B22 = torch.linalg.inv(forward)
        return torch.cat([inverse_B22, -inverse_B22 @ shift_B2.unsqueeze(2)], dim=2)

    def apply(self, x_B3SS: Tensor, parameters: Tensor) -> Tensor:
        grid_BSS2 = F.affine_grid(parameters, list(x_B3SS.shape), align_corners=False)
        fill = self._config.fill
        if isinstance(fill, str):
            padding = "border" if fill == "edge" else "reflection"
            return F.grid_sample(x_B3SS, grid_BSS2, padding_mode=padding, align_corners=False)
        colour_311 = x_B3SS.new_tensor(fill).view(3, 1, 1)
        # Outside, grid_sample gives zeros: shift the colour there, and back.
        return F.grid_sample(x_B3SS - colour_311, grid_BSS2, align_corners=False) + colour_311
