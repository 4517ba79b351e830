"""CLIP's modified ResNet (paper §2.4, after ResNet-D, blur pooling and an attention pool).

Three differences from the usual bottleneck ResNet: a stem of three 3×3 convolutions; average
pooling before every strided convolution, so that none aliases; and attention instead of the last
average pool. Shapes: B batch, C channels, S side, T = S·S cells, H heads, K = C/H, E embedding.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from wit_engine.model.config import ResnetConfig


class Bottleneck(nn.Module):
    """1×1, 3×3, (pool,) 1×1 with a residual path that is pooled and projected where shapes change.

    The last norm's gain starts at 0, so that the block starts as its residual path.
    """

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * planes
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.bn3.weight)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or inputs != outputs:
            # The names are those of the released weights.
            self.downsample = nn.Sequential(
                OrderedDict(
                    [
                        ("-1", nn.AvgPool2d(stride) if stride > 1 else nn.Identity()),
                        ("0", nn.Conv2d(inputs, outputs, 1, bias=False)),
                        ("1", nn.BatchNorm2d(outputs)),
                    ]
                )
            )

    def forward(self, x_BCSS: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x_BCSS)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(self.avgpool(y)))
        residual = x_BCSS if self.downsample is None else self.downsample(x_BCSS)
        return F.relu(y + residual, inplace=True)


class AttentionPool(nn.Module):
    """One layer of attention whose single query is the mean of all cells.

    The release computes an answer for every cell and keeps the first; only that one is computed
    here, which is the same sum.
    """

    def __init__(self, side: int, channels: int, heads: int, embed_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(
            torch.randn(side * side + 1, channels) / channels**0.5
        )
        self.q_proj = nn.Linear(channels, channels)
        self.k_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, embed_dim)
        for layer in (self.q_proj, self.k_proj, self.v_proj, self.c_proj):
            nn.init.normal_(layer.weight, std=channels**-0.5)

    def forward(self, x_BCSS: Tensor) -> Tensor:
        x_BTC = x_BCSS.flatten(2).transpose(1, 2)
        x_BTC = torch.cat([x_BTC.mean(dim=1, keepdim=True), x_BTC], dim=1)
        x_BTC = x_BTC + self.positional_embedding.to(x_BTC.dtype)
        q_BH1K = self._split(self.q_proj(x_BTC[:, :1]))
        k_BHTK = self._split(self.k_proj(x_BTC))
        v_BHTK = self._split(self.v_proj(x_BTC))
        y_BH1K = F.scaled_dot_product_attention(q_BH1K, k_BHTK, v_BHTK)
        return cast(Tensor, self.c_proj(y_BH1K.flatten(1)))

    def _split(self, x_BTC: Tensor) -> Tensor:
        B, T, C = x_BTC.shape
        return x_BTC.view(B, T, self.heads, C // self.heads).transpose(1, 2)


class ModifiedResNet(nn.Module):
    """Embeds images x_B3SS as [B, E]. `recompute` drops activations inside blocks."""

    def __init__(self, config: ResnetConfig, embed_dim: int) -> None:
        super().__init__()
        self.recompute = False
        width = config.width
        stride = 1 if config.stem_stride == 1 else 2
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(2) if config.stem_stride == 4 else nn.Identity()
        self.stages = len(config.layers)
        channels = width
        for index, blocks in enumerate(config.layers):
            planes = width * 2**index
            layers = []
            for block in range(blocks):
                layers.append(Bottleneck(channels, planes, 2 if index and not block else 1))
                channels = 4 * planes
            self.add_module(f"layer{index + 1}", nn.Sequential(*layers))
        side = config.size // config.stride  # pooling leaves out odd last rows
        self.attnpool = AttentionPool(side, channels, config.heads, embed_dim)

    def forward(self, x_B3SS: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x_B3SS)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        x = F.relu(self.bn3(self.conv3(x)), inplace=True)
        x = self.avgpool(x)
        for index in range(self.stages):
            for block in cast(nn.Sequential, self.get_submodule(f"layer{index + 1}")):
                x = _recomputed(block, x) if self.recompute and self.training else block(x)
        return cast(Tensor, self.attnpool(x))


def _recomputed(block: nn.Module, x: Tensor) -> Tensor:
    """Runs `block` without keeping its activations; its running statistics move only once."""

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _frozen_statistics(block)

    return cast(
        Tensor,
        checkpoint(block, x, use_reentrant=False, preserve_rng_state=False, context_fn=contexts),
    )


@contextmanager
def _frozen_statistics(block: nn.Module) -> Iterator[None]:
    # The statistics must stay arguments of the norm (its backward pass wants them), so they move
    # by a momentum of 0 instead of being switched off.
    norms = [module for module in block.modules() if isinstance(module, nn.BatchNorm2d)]
    kept = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, momentum, batches in kept:
            norm.momentum, norm.num_batches_tracked = momentum, batches
