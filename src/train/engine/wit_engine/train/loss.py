"""CLIP's loss: each image must pick its text among all texts of the batch, and the reverse.

Shapes: B batch, E embedding.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def contrastive_loss(image_BE: Tensor, text_BE: Tensor, logit_scale: Tensor) -> Tensor:
    """Mean of the two cross-entropies (paper, figure 3), in fp32.

    Embeddings have unit length; `logit_scale` is the logarithm of the factor on their cosines.
    """
    logits_BB = logit_scale.exp() * image_BE @ text_BE.T
    labels_B = torch.arange(logits_BB.shape[0], device=logits_BB.device)
    return (F.cross_entropy(logits_BB, labels_B) + F.cross_entropy(logits_BB.T, labels_B)) / 2
