"""CLIP's vision transformer: class token, extra norm before the blocks, linear projection.

Shapes: B batch, P patches, L = P+1 tokens, D width, E embedding, S image side.
"""

import torch
from torch import Tensor, nn

from wit_engine.model.config import VitConfig
from wit_engine.model.transformer import Transformer


class VisionTransformer(nn.Module):
    """Embeds images x_B3SS as [B, E]. Blocks keep PyTorch's initialisation, as in the release."""

    def __init__(self, config: VitConfig, embed_dim: int, quick_gelu: bool) -> None:
        super().__init__()
        width = config.width
        tokens = (config.size // config.patch) ** 2 + 1
        scale = width**-0.5
        self.conv1 = nn.Conv2d(3, width, config.patch, stride=config.patch, bias=False)
        self.class_embedding = nn.Parameter(scale * torch.randn(width))
        self.positional_embedding = nn.Parameter(scale * torch.randn(tokens, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, config.layers, config.heads, quick_gelu, causal=False)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(scale * torch.randn(width, embed_dim))

    def forward(self, x_B3SS: Tensor) -> Tensor:
        x_BPD = self.conv1(x_B3SS).flatten(2).transpose(1, 2)
        class_B1D = self.class_embedding.to(x_BPD.dtype).expand(x_BPD.shape[0], 1, -1)
        x_BLD = torch.cat([class_B1D, x_BPD], dim=1)
        x_BLD = x_BLD + self.positional_embedding.to(x_BLD.dtype)
        x_BLD = self.transformer(self.ln_pre(x_BLD))
        x_BE: Tensor = self.ln_post(x_BLD[:, 0]) @ self.proj
        return x_BE
