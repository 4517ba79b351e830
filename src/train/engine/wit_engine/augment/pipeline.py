"""From the client's bytes to what the image tower takes: augmentation, then normalisation.

Shapes: B batch, S image side.
"""

import torch
from torch import Tensor

from wit_engine.augment.colour import ColourShift
from wit_engine.augment.config import AugmentConfig
from wit_engine.augment.geometry import Geometry
from wit_engine.augment.operation import Operation, generator_for
from wit_engine.augment.texture import Blur, Erase, Noise


class Normalise:
    """u8 images [B, S, S, 3] to fp32 [B, 3, S, S] with the given mean and deviation per channel."""

    def __init__(
        self,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
        device: torch.device,
    ) -> None:
        self._mean = torch.tensor(mean, device=device).view(3, 1, 1)
        self._std = torch.tensor(std, device=device).view(3, 1, 1)

    def __call__(self, images_BSS3: Tensor) -> Tensor:
        return self.normalise(unit_scale(images_BSS3))

    def normalise(self, x_B3SS: Tensor) -> Tensor:
        """(x - mean) / std for images in 0..1."""
        return (x_B3SS - self._mean) / self._std


class Augment:
    """The training pipeline: the operations that are on, in a fixed order, then Normalise.

    `steps` is the length of the run, over which the options may grow stronger.
    """

    def __init__(self, config: AugmentConfig, seed: int, steps: int, normalise: Normalise) -> None:
        self._config = config
        self._seed = seed
        self._steps = steps
        self._normalise = normalise

    def __call__(self, images_BSS3: Tensor, step: int) -> Tensor:
        x_B3SS = unit_scale(images_BSS3)
        for operation in operations(self._config.at(step / self._steps)):
            generator = generator_for(self._seed, step, operation.name)
            drawn = operation.draw(generator, x_B3SS.shape[0], x_B3SS.shape[-1])
            x_B3SS = operation.apply(x_B3SS, drawn.to(x_B3SS.device, non_blocking=True))
        return self._normalise.normalise(x_B3SS)


def operations(config: AugmentConfig) -> list[Operation]:
    """The operations that `config` turns on, in the order they act."""
    chosen: list[Operation] = []
    if Geometry.wanted(config):
        chosen.append(Geometry(config))
    if ColourShift.wanted(config):
        chosen.append(ColourShift(config))
    if config.blur:
        chosen.append(Blur(config))
    if config.erase:
        chosen.append(Erase(config))
    if config.noise:
        chosen.append(Noise(config))
    return chosen


def unit_scale(images_BSS3: Tensor) -> Tensor:
    """u8 images, channels last, to fp32 in 0..1, channels first (a view: memory stays in place)."""
    return images_BSS3.permute(0, 3, 1, 2).float() / 255
