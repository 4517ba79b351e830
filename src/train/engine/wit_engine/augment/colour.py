"""Brightness, contrast, saturation, hue and loss of colour, as one matrix an image.

Shapes: B batch, S image side.
"""

import math

import torch
from torch import Generator, Tensor

from wit_engine.augment.config import AugmentConfig
from wit_engine.augment.operation import uniform

# Luma weights and chroma axes of the NTSC (YIQ) space: grey has no chroma, hue is an angle in it.
_LUMA = (0.299, 0.587, 0.114)
_TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


class ColourShift:
    """All colour options are linear but for clamping, so they multiply into one 3×3 matrix.

    They act in the order brightness, contrast, saturation, hue; values are clamped once, at the
    end.
    """

    name = "colour"

    def __init__(self, config: AugmentConfig) -> None:
        self._config = config

    @staticmethod
    def wanted(config: AugmentConfig) -> bool:
        """Whether any colour option is on."""
        keys = ("brightness", "contrast", "saturation", "hue", "grayscale")
        return any(getattr(config, key) for key in keys)

    def draw(self, generator: Generator, images: int, side: int) -> Tensor:  # noqa: ARG002
        """For each image twelve numbers: the matrix, then the weights of the mean colour."""
        config = self._config
        changed = torch.rand(images, generator=generator) < config.colour

        def factor(spread: float) -> Tensor:
            return torch.where(changed, uniform(generator, images, 1 - spread, 1 + spread), 1.0)

        brightness, contrast = factor(config.brightness), factor(config.contrast)
        saturation = factor(config.saturation)
        grey = torch.rand(images, generator=generator) < config.grayscale
        saturation = torch.where(grey, 0.0, saturation)
        angle = uniform(generator, images, -1, 1) * (2 * math.pi * config.hue) * changed
        matrix_B33 = _rotate_hue(angle) @ _saturate(saturation)
        matrix_B33 = matrix_B33 * (brightness * contrast).view(-1, 1, 1)
        # Contrast adds the mean luma back; saturation and hue leave that grey alone.
        mean_B3 = ((1 - contrast) * brightness).unsqueeze(1) * torch.tensor(_LUMA)
        return torch.cat([matrix_B33.flatten(1), mean_B3], dim=1)

    def apply(self, x_B3SS: Tensor, parameters: Tensor) -> Tensor:
        B, _, height, width = x_B3SS.shape
        x_B3P = x_B3SS.reshape(B, 3, -1)
        matrix_B33 = parameters[:, :9].view(B, 3, 3)
        offset_B11 = (x_B3P.mean(dim=2) * parameters[:, 9:]).sum(dim=1).view(B, 1, 1)
        y_B3P = torch.baddbmm(offset_B11.expand(B, 3, 1), matrix_B33, x_B3P)
        return y_B3P.clamp_(0, 1).view(B, 3, height, width)


def _saturate(factor_B: Tensor) -> Tensor:
    """Blends each colour with its luma: factor 0 leaves grey, 1 changes nothing."""
    luma_33 = torch.tensor(_LUMA).expand(3, 3)
    factor_B11 = factor_B.view(-1, 1, 1)
    return factor_B11 * torch.eye(3) + (1 - factor_B11) * luma_33


def _rotate_hue(angle_B: Tensor) -> Tensor:
    """Turns the chroma plane by an angle in radians; luma stays."""
    to_yiq = torch.tensor(_TO_YIQ, dtype=torch.float64)
    cos, sin = angle_B.double().cos(), angle_B.double().sin()
    turn_B33 = torch.zeros(len(angle_B), 3, 3, dtype=torch.float64)
    turn_B33[:, 0, 0] = 1
    turn_B33[:, 1, 1] = cos
    turn_B33[:, 1, 2] = -sin
    turn_B33[:, 2, 1] = sin
    turn_B33[:, 2, 2] = cos
    rotated_B33: Tensor = torch.linalg.inv(to_yiq) @ turn_B33 @ to_yiq
    return rotated_B33.float()
