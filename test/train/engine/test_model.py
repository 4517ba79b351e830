"""Properties of the model: initialisation, exact shortcuts, and options for small images."""

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch

from settings import RESNET, VIT, batch, texts
from wit_engine.errors import EngineError
from wit_engine.fields import Fields
from wit_engine.model.clip import CLIP, public_name
from wit_engine.model.config import read_model
from wit_engine.model.text import trim


def build(data: dict[str, Any], **image: Any) -> CLIP:
    data = {**data, "image": {**data["image"], **image}}
    return CLIP(read_model(Fields(copy.deepcopy(data), "model")))


def inputs(side: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.from_numpy(texts(np.random.default_rng(1), 4, 12, 64))
    return torch.randn(4, 3, side, side), tokens


def std(tensor: torch.Tensor) -> float:
    return float(tensor.detach().std())


def test_initialisation_follows_the_release() -> None:
    width, layers = 256, 3
    text = {"context": 77, "vocab": 5000, "width": width, "heads": 4, "layers": layers}
    model = build({**VIT, "embed_dim": 128, "text": text}, width=256, heads=4)
    block = model.text.transformer.resblocks[0]
    expected = {
        model.text.token_embedding.weight: 0.02,
        model.text.positional_embedding: 0.01,
        model.text.text_projection: width**-0.5,
        block.attn.in_proj_weight: width**-0.5,
        block.attn.out_proj.weight: (2 * layers * width) ** -0.5,
        block.mlp.c_fc.weight: (2 * width) ** -0.5,
        block.mlp.c_proj.weight: (2 * layers * width) ** -0.5,
        model.visual.proj: 256**-0.5,
        model.visual.positional_embedding: 256**-0.5,
    }
    for parameter, deviation in expected.items():
        assert std(parameter) == pytest.approx(deviation, rel=0.08)
    assert block.attn.in_proj_bias.abs().max() == 0
    assert model.logit_scale.item() == pytest.approx(math.log(1 / 0.07))


def test_resnet_blocks_start_as_their_residual_path() -> None:
    model = build(RESNET, width=32)
    gains = [p for name, p in model.named_parameters() if name.endswith("bn3.weight")]
    # The stem has a bn3 too, and the release leaves that one alone.
    assert [float(g.detach().abs().max()) for g in gains] == [1.0, 0.0, 0.0, 0.0]
    pool = model.visual.attnpool
    assert std(pool.v_proj.weight) == pytest.approx(512**-0.5, rel=0.05)


def test_tokens_after_the_end_change_nothing() -> None:
    for text in (VIT["text"], {"kind": "bag", "context": 12, "vocab": 64, "width": 32}):
        model = build({**VIT, "text": text}).eval()
        _, tokens = inputs()
        noise = tokens.clone()
        for row in noise:
            end = int(row.argmax())
            row[end + 1 :] = 5
        with torch.no_grad():
            whole = model.embed_texts(tokens)
            torch.testing.assert_close(model.embed_texts(trim(tokens)), whole)
            torch.testing.assert_close(model.embed_texts(noise), whole)


def test_trim_keeps_every_end() -> None:
    tokens = torch.tensor([[8, 3, 9, 0, 0, 0], [8, 4, 5, 9, 0, 0]], dtype=torch.int32)
    assert trim(tokens).tolist() == [[8, 3, 9, 0], [8, 4, 5, 9]]


@pytest.mark.parametrize("data", [VIT, RESNET], ids=["vit", "resnet"])
def test_gradient_checkpointing_changes_nothing(data: dict[str, Any]) -> None:
    model = build(data).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(module.weight)
    twin = copy.deepcopy(model)
    twin.recompute_activations()
    images, tokens = inputs()
    for each in (model, twin):
        for _ in range(2):
            image, text = each(images, tokens)
            (image * text).sum().backward()
    for (name, ours), (_, theirs) in zip(
        model.named_parameters(), twin.named_parameters(), strict=True
    ):
        torch.testing.assert_close(ours.grad, theirs.grad, msg=name)
    for name, value in model.state_dict().items():
        assert torch.equal(value, twin.state_dict()[name]), name


@pytest.mark.parametrize(
    ("size", "stem_stride", "layers", "side"),
    [
        (32, 4, [1, 1, 1, 1], 1),
        (32, 2, [1, 1, 1, 1], 2),
        (32, 1, [1, 1, 1, 1], 4),
        (24, 1, [1, 1], 12),
        (24, 4, [1, 2, 2], 1),
    ],
)
def test_resnet_maps_fit_small_images(
    size: int, stem_stride: int, layers: list[int], side: int
) -> None:
    model = build(RESNET, size=size, stem_stride=stem_stride, layers=layers, heads=2)
    assert len(model.visual.attnpool.positional_embedding) == side * side + 1
    assert model.embed_images(torch.randn(2, 3, size, size)).shape == (2, 32)


def test_heads_of_the_pool_have_64_channels_by_default() -> None:
    image = {"kind": "resnet", "size": 224, "width": 80, "layers": [1, 1, 1, 1]}
    config = read_model(Fields({**copy.deepcopy(VIT), "image": image}, "model"))
    assert config.image.heads == 40


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 20}, "size 20 is not a multiple of patch 8"),
        ({"heads": 3}, "3 heads do not divide 32 channels"),
        ({"width": 0}, "config.model.image.width"),
        ({"depth": 2}, "unknown key 'depth'"),
    ],
)
def test_impossible_shapes_are_refused(change: dict[str, Any], message: str) -> None:
    data = {**VIT, "image": {**VIT["image"], **change}}
    with pytest.raises(EngineError, match=message):
        read_model(Fields({"model": data}, "config").object("model"))


def test_embeddings_have_unit_length() -> None:
    images, tokens = inputs()
    for row in torch.cat(build(VIT)(images, tokens)):
        assert float(row.detach().norm()) == pytest.approx(1, abs=1e-6)


def test_logit_scale_is_clamped() -> None:
    model = build(VIT)
    for start, end in ((7.0, math.log(100)), (-1.0, 0.0), (3.0, 3.0)):
        torch.nn.init.constant_(model.logit_scale, start)
        model.clamp_logit_scale()
        assert model.logit_scale.item() == pytest.approx(end)


def test_state_round_trip_and_names() -> None:
    model, other = build(RESNET), build(RESNET)
    other.load_state_dict(model.state_dict())
    images = torch.from_numpy(batch(0)["images"]).permute(0, 3, 1, 2).float()
    assert torch.equal(model.eval().embed_images(images), other.eval().embed_images(images))
    names = {public_name(name) for name, _ in model.named_parameters()}
    assert names <= set(model.state_dict())
    assert not any(name.startswith("text.") for name in model.state_dict())
