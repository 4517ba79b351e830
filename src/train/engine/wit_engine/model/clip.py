"""The CLIP model: an image tower, a text tower, and the temperature that scales their cosines.

Shapes: B batch, S image side, L tokens, E embedding.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wit_engine.model.config import ModelConfig, ResnetConfig
from wit_engine.model.resnet import ModifiedResNet
from wit_engine.model.text import TextBag, TextTransformer
from wit_engine.model.transformer import Transformer
from wit_engine.model.vit import VisionTransformer

INITIAL_LOGIT_SCALE = math.log(1 / 0.07)
MAXIMUM_LOGIT_SCALE = math.log(100)
_TEXT = "text."


class CLIP(nn.Module):
    """Two towers and `logit_scale`, the logarithm of the factor on cosines (paper §2.5).

    `state_dict()` and `load_state_dict()` use open_clip's names, where the text tower's parameters
    have no prefix; `public_name` gives the same name for one of `named_parameters()`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.visual: ModifiedResNet | VisionTransformer
        if isinstance(config.image, ResnetConfig):
            self.visual = ModifiedResNet(config.image, config.embed_dim)
        else:
            self.visual = VisionTransformer(config.image, config.embed_dim, config.quick_gelu)
        self.text: TextBag | TextTransformer
        if config.text.kind == "bag":
            self.text = TextBag(config.text, config.embed_dim)
        else:
            self.text = TextTransformer(config.text, config.embed_dim, config.quick_gelu)
        self.logit_scale = nn.Parameter(torch.tensor(INITIAL_LOGIT_SCALE))
        self.register_state_dict_post_hook(_drop_prefix)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_add_prefix)  # type: ignore[no-untyped-call]

    def embed_images(self, x_B3SS: Tensor) -> Tensor:
        """Unit-length fp32 embeddings [B, E] of normalised images."""
        return F.normalize(self.visual(x_B3SS).float(), dim=1)

    def embed_texts(self, tokens_BL: Tensor) -> Tensor:
        """Unit-length fp32 embeddings [B, E] of token ids."""
        return F.normalize(self.text(tokens_BL).float(), dim=1)

    def forward(self, x_B3SS: Tensor, tokens_BL: Tensor) -> tuple[Tensor, Tensor]:
        return self.embed_images(x_B3SS), self.embed_texts(tokens_BL)

    def clamp_logit_scale(self) -> None:
        """Keeps the factor between 1 and 100; called after every optimizer step."""
        with torch.no_grad():
            self.logit_scale.clamp_(0.0, MAXIMUM_LOGIT_SCALE)

    def recompute_activations(self) -> None:
        """Turns on gradient checkpointing: less memory, one more forward pass of each block."""
        for module in self.modules():
            if isinstance(module, Transformer | ModifiedResNet):
                module.recompute = True

    def parameter_counts(self) -> dict[str, int]:
        """Parameters of either tower, and of all (which includes the temperature)."""
        counts = {
            "image": sum(p.numel() for p in self.visual.parameters()),
            "text": sum(p.numel() for p in self.text.parameters()),
        }
        return counts | {"total": sum(p.numel() for p in self.parameters())}


def public_name(name: str) -> str:
    """open_clip's name of a parameter."""
    return name.removeprefix(_TEXT)


def _drop_prefix(_module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
    for key in [key for key in state if key.startswith(prefix + _TEXT)]:
        state[prefix + key[len(prefix + _TEXT) :]] = state.pop(key)


def _add_prefix(_module: nn.Module, state: dict[str, Any], prefix: str, *_unused: object) -> None:
    for key in list(state):
        name = key[len(prefix) :]
        if key.startswith(prefix) and not name.startswith(("visual.", "logit_scale")):
            state[prefix + _TEXT + name] = state.pop(key)
