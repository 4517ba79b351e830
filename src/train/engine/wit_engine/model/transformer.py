"""Pre-norm transformer blocks, shared by both towers.

Shapes: B batch, L tokens, D width, H heads, K = D/H.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


class QuickGELU(nn.Module):
    """x·σ(1.702x), the approximation that OpenAI's weights were trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class Attention(nn.Module):
    """Multi-head self-attention whose parameters are named as torch.nn.MultiheadAttention's.

    Written out so that the fused kernel gets `is_causal` instead of a mask, which rules it out.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x_BLD: Tensor, causal: bool) -> Tensor:
        B, L, D = x_BLD.shape
        qkv = F.linear(x_BLD, self.in_proj_weight, self.in_proj_bias)
        q_BHLK, k_BHLK, v_BHLK = (
            qkv.view(B, L, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        )
        y_BHLK = F.scaled_dot_product_attention(q_BHLK, k_BHLK, v_BHLK, is_causal=causal)
        return cast(Tensor, self.out_proj(y_BHLK.transpose(1, 2).reshape(B, L, D)))


class Mlp(nn.Module):
    """A hidden layer four times as wide."""

    def __init__(self, width: int, quick_gelu: bool) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.gelu = QuickGELU() if quick_gelu else nn.GELU()
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x_BLD: Tensor) -> Tensor:
        return cast(Tensor, self.c_proj(self.gelu(self.c_fc(x_BLD))))


class ResidualBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int, quick_gelu: bool) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, quick_gelu)

    def forward(self, x_BLD: Tensor, causal: bool) -> Tensor:
        x_BLD = x_BLD + self.attn(self.ln_1(x_BLD), causal)
        return cast(Tensor, x_BLD + self.mlp(self.ln_2(x_BLD)))


class Transformer(nn.Module):
    """A stack of blocks. `recompute` drops activations inside blocks until the backward pass."""

    def __init__(self, width: int, layers: int, heads: int, quick_gelu: bool, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.recompute = False
        self.resblocks = nn.ModuleList(
            ResidualBlock(width, heads, quick_gelu) for _ in range(layers)
        )

    def forward(self, x_BLD: Tensor) -> Tensor:
        for block in self.resblocks:
            if self.recompute and self.training:
                x_BLD = checkpoint(
                    block, x_BLD, self.causal, use_reentrant=False, preserve_rng_state=False
                )
            else:
                x_BLD = block(x_BLD, self.causal)
        return x_BLD
