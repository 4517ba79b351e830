"""The towers give what open_clip's give with the same weights, in fp32, at full width."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch

from settings import texts
from wit_engine.fields import Fields
from wit_engine.model.clip import CLIP
from wit_engine.model.config import ModelConfig, read_model
from wit_engine.model.text import trim


def shape(
    embed_dim: int, image: dict[str, Any], width: int, heads: int, quick_gelu: bool = True
) -> ModelConfig:
    text = {"context": 77, "vocab": 49408, "width": width, "heads": heads, "layers": 12}
    data = {"embed_dim": embed_dim, "quick_gelu": quick_gelu, "image": image, "text": text}
    return read_model(Fields(data, "model"))


def vit(size: int, patch: int, width: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "kind": "vit",
        "size": size,
        "patch": patch,
        "width": width,
        "layers": layers,
        "heads": heads,
    }


def resnet(size: int, width: int, layers: list[int]) -> dict[str, Any]:
    return {"kind": "resnet", "size": size, "width": width, "layers": layers}


B32 = vit(224, 32, 768, 12, 12)
RN50 = resnet(224, 64, [3, 4, 6, 3])


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("ViT-B-32-quickgelu", shape(512, B32, 512, 8)),
        ("RN50", shape(1024, RN50, 512, 8, quick_gelu=False)),
    ],
)
def test_equals_open_clip(name: str, config: ModelConfig) -> None:
    theirs = open_clip.create_model(name).eval()
    images = torch.nn.functional.interpolate(torch.randn(2, 3, 7, 7), size=224, mode="bilinear")
    _exercise_norms(theirs, images)
    with torch.device("meta"):
        ours = CLIP(config)
    ours.load_state_dict(theirs.state_dict(), assign=True)
    ours.eval()
    tokens = torch.from_numpy(texts(np.random.default_rng(0), 2, 77, 49408))
    with torch.inference_mode():
        their_image, their_text, _ = theirs(images, tokens.long())
        our_image, our_text = ours(images, trim(tokens))
    torch.testing.assert_close(our_image, their_image, rtol=0, atol=2e-6)
    torch.testing.assert_close(our_text, their_text, rtol=0, atol=2e-6)
    assert (their_image[0] - their_image[1]).abs().max() > 3e-4  # the images do matter
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def _exercise_norms(model: torch.nn.Module, images: torch.Tensor) -> None:
    """Gives batch norms gains and statistics; those of a new model would hide mistakes in them."""
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.0)
        norm.momentum = 0.9
        norm.train()
    if norms:
        with torch.no_grad():
            model.encode_image(images)
    model.eval()


@pytest.mark.parametrize(
    ("name", "config", "millions"),
    [
        ("RN50", shape(1024, RN50, 512, 8), 102.0),
        ("RN101", shape(512, resnet(224, 64, [3, 4, 23, 3]), 512, 8), 119.7),
        ("RN50x4", shape(640, resnet(288, 80, [4, 6, 10, 6]), 640, 10), 178.3),
        ("RN50x16", shape(768, resnet(384, 96, [6, 8, 18, 8]), 768, 12), 291.0),
        ("RN50x64", shape(1024, resnet(448, 128, [3, 15, 36, 10]), 1024, 16), 623.3),
        ("ViT-B-32", shape(512, B32, 512, 8), 151.3),
        ("ViT-B-16", shape(512, vit(224, 16, 768, 12, 12), 512, 8), 149.6),
        ("ViT-L-14", shape(768, vit(224, 14, 1024, 24, 16), 768, 12), 427.6),
        ("ViT-L-14-336", shape(768, vit(336, 14, 1024, 24, 16), 768, 12), 427.9),
    ],
)
def test_paper_models_have_their_size_and_names(
    name: str, config: ModelConfig, millions: float
) -> None:
    with torch.device("meta"):
        ours = CLIP(config)
        theirs = open_clip.CLIP(**_constructor(name))
    assert round(ours.parameter_counts()["total"] / 1e6, 1) == millions
    shapes = {key: tuple(value.shape) for key, value in theirs.state_dict().items()}
    assert {key: tuple(value.shape) for key, value in ours.state_dict().items()} == shapes


def _constructor(name: str) -> dict[str, Any]:
    folder = Path(open_clip.__file__).parent / "model_configs"
    return json.loads((folder / f"{name}.json").read_text())
