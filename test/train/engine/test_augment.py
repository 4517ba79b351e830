"""Augmentation: exact where it is the identity, right in known cases, and repeatable."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from settings import AUGMENT, batch
from wit_engine.augment.config import AugmentConfig, read_augment
from wit_engine.augment.operation import generator_for
from wit_engine.augment.pipeline import Augment, Normalise, operations, unit_scale
from wit_engine.errors import EngineError
from wit_engine.fields import Fields

PLAIN = Normalise((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), torch.device("cpu"))


def run(images: torch.Tensor, step: int = 0, seed: int = 0, **options: Any) -> torch.Tensor:
    return Augment(read_augment(Fields(options, "augment")), seed, 100, PLAIN)(images, step)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.from_numpy(batch(0)["images"])


def smooth() -> torch.Tensor:
    """A u8 image [1, 32, 32, 3] whose first two channels are its x and y, in steps of 8."""
    ramp = torch.arange(32, dtype=torch.uint8) * 8
    x, y = ramp.expand(32, 32), ramp.view(32, 1).expand(32, 32)
    return torch.stack([x, y, torch.full_like(x, 100)], dim=2).unsqueeze(0)


def test_nothing_asked_is_only_normalisation(images: torch.Tensor) -> None:
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)
    normalise = Normalise(mean, std, torch.device("cpu"))
    result = Augment(AugmentConfig(), 0, 100, normalise)(images, 3)
    expected = (images.double() / 255 - torch.tensor(mean)) / torch.tensor(std)
    torch.testing.assert_close(result.double(), expected.permute(0, 3, 1, 2), atol=1e-6, rtol=0)
    assert torch.equal(result, normalise(images))


def test_draws_depend_on_seed_and_step_alone(images: torch.Tensor) -> None:
    first = run(images, step=5, seed=3, **AUGMENT)
    torch.rand(100)
    assert torch.equal(run(images, step=5, seed=3, **AUGMENT), first)
    assert not torch.equal(run(images, step=6, seed=3, **AUGMENT), first)
    assert not torch.equal(run(images, step=5, seed=4, **AUGMENT), first)


def test_images_of_a_batch_are_drawn_apart() -> None:
    same = smooth().expand(8, -1, -1, -1)
    for key, value in AUGMENT.items():
        if key in ("colour", "ramp"):
            continue  # these only temper the others
        chance = isinstance(value, float) and key in ("flip", "grayscale", "blur", "erase")
        result = run(same, **{key: 0.5 if chance else value})
        assert (result != result[:1]).any(), key


def test_options_do_not_disturb_each_other(images: torch.Tensor) -> None:
    turned = run(images, rotate=20)
    bright = run(images, rotate=20, brightness=1e-9)
    torch.testing.assert_close(turned, bright)


def test_mirror_image_is_exact(images: torch.Tensor) -> None:
    torch.testing.assert_close(run(images, flip=1.0), unit_scale(images).flip(3))


def test_zoom_shows_the_middle() -> None:
    result = run(smooth(), scale=[2.0, 2.0])[0, 0, 16]
    # Twice the size: half the slope around the unchanged centre.
    centre = 15.5 * 8 / 255
    expected = centre + (torch.arange(32) - 15.5) / 2 * 8 / 255
    torch.testing.assert_close(result, expected)


def test_shrinking_shows_the_fill() -> None:
    result = run(smooth(), scale=[0.5, 0.5], fill=[1.0, 0.0, 0.5])
    torch.testing.assert_close(result[0, :, 2, 2], torch.tensor([1.0, 0.0, 0.5]))
    edge = run(smooth(), scale=[0.5, 0.5], fill="edge")
    assert edge[0, 0, 16, 0] == 0
    assert edge[0, 0, 16, 31] == 248 / 255


def test_shift_and_rotation_keep_to_their_bounds() -> None:
    for step in range(6):
        shifted = run(smooth(), step=step, translate=0.25)
        moved = (shifted[0, 0, 16, 16] * 255 / 8 - 16).abs()
        assert 0 < moved <= 8
        turned = run(smooth(), step=step, rotate=30)
        down, across = (turned[0, 0, row, 16] * 255 / 8 for row in (24, 8)), turned
        lower, upper = down
        # A column that was upright now leans by the tangent of the angle.
        assert 0 < (lower - upper).abs() / 16 <= torch.tan(torch.tensor(30.0).deg2rad()) + 1e-3
        assert across.shape == (1, 3, 32, 32)


def test_colour_cases_known_by_hand(images: torch.Tensor) -> None:
    grey = run(images, grayscale=1.0)
    luma = (unit_scale(images) * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1)
    for channel in grey.unbind(1):
        torch.testing.assert_close(channel, luma, atol=1e-6, rtol=0)
    level = torch.full((2, 8, 8, 3), 120, dtype=torch.uint8)
    for options in ({"contrast": 0.9}, {"saturation": 0.9}, {"hue": 0.5}):
        torch.testing.assert_close(run(level, **options), unit_scale(level), atol=1e-4, rtol=0)
    bright = run(level, brightness=0.5)[:, 0, 0, 0] / (120 / 255)
    assert ((bright >= 0.5) & (bright <= 1.5) & (bright != 1)).all()


def test_hue_keeps_luma_and_turns_colours() -> None:
    red = torch.tensor([150, 90, 80], dtype=torch.uint8).expand(4, 8, 8, 3)
    turned = run(red, hue=0.5)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    torch.testing.assert_close(
        (turned * weights).sum(1), (unit_scale(red) * weights).sum(1), atol=1e-5, rtol=0
    )
    assert (turned - unit_scale(red)).abs().amax(dim=(1, 2, 3)).min() > 0.01


def test_contrast_turns_around_the_mean(images: torch.Tensor) -> None:
    x = unit_scale(images) * 0.2 + 0.4  # far from the clamp
    narrow = (x * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    result = run(narrow, contrast=0.5)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    before = (unit_scale(narrow) * weights).sum(1)
    after = (result * weights).sum(1)
    mean = before.mean(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(after.mean(dim=(1, 2), keepdim=True), mean, atol=1e-5, rtol=0)
    ratio = (after - mean).std(dim=(1, 2)) / (before - mean).std(dim=(1, 2))
    assert ((ratio > 0.5) & (ratio < 1.5)).all()


def test_erase_hides_one_rectangle(images: torch.Tensor) -> None:
    result = run(images, erase=1.0, fill=[0.0, 1.0, 0.0])
    changed = (result != unit_scale(images)).any(dim=1)
    for picture in changed:
        rows, columns = picture.any(dim=1).nonzero(), picture.any(dim=0).nonzero()
        height = int(rows.max() - rows.min()) + 1
        width = int(columns.max() - columns.min()) + 1
        assert 2 <= height <= 8
        assert 2 <= width <= 8
        assert int(picture.sum()) == height * width


def test_values_stay_displayable(images: torch.Tensor) -> None:
    for step in range(3):
        result = run(images, step=step, **AUGMENT)
        assert result.min() >= 0
        assert result.max() <= 1


def test_probabilities_are_respected() -> None:
    images = torch.randint(0, 256, (400, 8, 8, 3), dtype=torch.uint8)
    flipped = (run(images, flip=0.3) != unit_scale(images)).flatten(1).any(dim=1)
    assert 0.2 < float(flipped.float().mean()) < 0.4


def test_a_ramp_starts_weak_and_ends_at_full_strength() -> None:
    options = {"rotate": 40, "scale": [0.5, 2.0], "brightness": 0.4, "flip": 0.5}
    config = read_augment(Fields({**options, "ramp": 0.0}, "augment"))
    full = read_augment(Fields(dict(options), "augment"))
    assert (config.at(0.5).rotate, config.at(0.5).flip) == (20, 0.5)
    assert config.at(0.5).scale == pytest.approx((0.5**0.5, 2**0.5))
    assert (config.at(0).aspect, config.at(0).scale) == (1, (1, 1))
    assert replace(config.at(1), ramp=1.0) == full
    assert full.at(0) is full
    images = smooth()
    torch.testing.assert_close(run(images, brightness=0.5, ramp=0.0), unit_scale(images))
    late = [run(images, step=99, rotate=40, ramp=ramp) for ramp in (0.99, 1.0)]
    torch.testing.assert_close(*late, atol=0.02, rtol=0)


def test_colours_may_be_left_alone() -> None:
    images = torch.randint(0, 256, (300, 8, 8, 3), dtype=torch.uint8)
    options = {"brightness": 0.3, "hue": 0.2, "saturation": 0.3, "contrast": 0.3}
    changed = (run(images, colour=0.4, **options) - unit_scale(images)).abs().flatten(1).amax(1)
    assert 0.3 < float((changed > 1e-3).float().mean()) < 0.5


def test_generators_differ_by_name() -> None:
    draws = {name: torch.rand(1, generator=generator_for(1, 1, name)).item() for name in "abc"}
    assert len(set(draws.values())) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": [1.2, 0.8]}, "scale: expected two positive numbers, low then high, got"),
        ({"flip": 1.5}, "flip: expected a number of at least 0 and at most 1, got 1.5"),
        ({"fill": "white"}, "fill: expected one of edge, reflect, got 'white'"),
        ({"fill": [0, 2, 0]}, "fill: expected edge, reflect or three numbers from 0 to 1"),
        ({"zoom": 1}, "unknown key 'zoom'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        read_augment(Fields(options, "augment"))


def test_operations_are_built_only_when_wanted() -> None:
    assert operations(AugmentConfig()) == []
    assert [op.name for op in operations(AugmentConfig(blur=0.1, hue=0.1))] == ["colour", "blur"]
