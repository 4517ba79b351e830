"""CLIP's text towers. Token ids are opaque; the end token is the largest id of a row (CLIP's rule).

Shapes: B batch, L tokens, D width, E embedding.
"""

import torch
from torch import Tensor, nn

from wit_engine.model.config import TextConfig
from wit_engine.model.transformer import ResidualBlock, Transformer


class TextTransformer(nn.Module):
    """Embeds tokens_BL as [B, E]: the last block's output at the end token, normalised, projected.

    Attention is causal, so tokens after the end token never matter and may be cut off (`trim`).
    """

    def __init__(self, config: TextConfig, embed_dim: int, quick_gelu: bool) -> None:
        super().__init__()
        width = config.width
        self.token_embedding = nn.Embedding(config.vocab, width)
        self.positional_embedding = nn.Parameter(torch.empty(config.context, width))
        self.transformer = Transformer(width, config.layers, config.heads, quick_gelu, causal=True)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, embed_dim))
        self._initialise(width, config.layers)

    def _initialise(self, width: int, layers: int) -> None:
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=width**-0.5)
        for block in self.transformer.resblocks:
            assert isinstance(block, ResidualBlock)
            nn.init.normal_(block.attn.in_proj_weight, std=width**-0.5)
            nn.init.normal_(block.attn.out_proj.weight, std=(width * 2 * layers) ** -0.5)
            nn.init.normal_(block.mlp.c_fc.weight, std=(2 * width) ** -0.5)
            nn.init.normal_(block.mlp.c_proj.weight, std=(width * 2 * layers) ** -0.5)

    def forward(self, tokens_BL: Tensor) -> Tensor:
        x_BLD = self.token_embedding(tokens_BL)
        x_BLD = x_BLD + self.positional_embedding[: tokens_BL.shape[1]]
        x_BLD = self.transformer(x_BLD)
        rows_B = torch.arange(tokens_BL.shape[0], device=tokens_BL.device)
        x_BD = self.ln_final(x_BLD[rows_B, tokens_BL.argmax(dim=1)])
        x_BE: Tensor = x_BD @ self.text_projection
        return x_BE


class TextBag(nn.Module):
    """Embeds tokens_BL as [B, E]: the mean embedding of all tokens up to the end, projected."""

    def __init__(self, config: TextConfig, embed_dim: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab, config.width)
        self.ln_final = nn.LayerNorm(config.width)
        self.text_projection = nn.Parameter(torch.empty(config.width, embed_dim))
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.text_projection, std=config.width**-0.5)

    def forward(self, tokens_BL: Tensor) -> Tensor:
        length_B1 = tokens_BL.argmax(dim=1, keepdim=True) + 1
        kept_BL = torch.arange(tokens_BL.shape[1], device=tokens_BL.device) < length_B1
        x_BLD = self.token_embedding(tokens_BL) * kept_BL.unsqueeze(2)
        x_BD = self.ln_final(x_BLD.sum(dim=1) / length_B1)
        x_BE: Tensor = x_BD @ self.text_projection
        return x_BE


def trim(tokens_BL: Tensor) -> Tensor:
    """Cuts the columns after the batch's last end token; both towers ignore them."""
    return tokens_BL[:, : int(tokens_BL.argmax(dim=1).max()) + 1]
