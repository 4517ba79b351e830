"""Classification and retrieval by cosine, in stripes that never hold all scores at once.

Shapes: Q queries, G gallery rows, E embedding; Q' the queries of one stripe.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from wit_engine.errors import EngineError

STRIPE_SCORES = 1 << 24
"""Scores held at a time: 64 MiB of fp32."""

TIE = 1e-6
"""Cosines this close count as equal: the same text embedded in two batches differs by rounding."""


def classify(
    images_QE: Tensor, classes_GE: Tensor, k: int, device: torch.device
) -> list[list[int]]:
    """The k best classes of every image, best first; of equal scores the lower index wins."""
    best: list[list[int]] = []
    for _, scores_QG in _stripes(images_QE, classes_GE, device):
        order_QG = scores_QG.argsort(dim=1, descending=True, stable=True)
        best += order_QG[:, :k].tolist()
    return best


def cosines(images_NE: Tensor, texts_NE: Tensor) -> list[float]:
    """Of each row of one with the same row of the other. Raises EngineError for unequal numbers."""
    if len(images_NE) != len(texts_NE):
        raise EngineError(f"{len(images_NE)} images for {len(texts_NE)} texts")
    cosines: list[float] = (images_NE * texts_NE).sum(dim=1).tolist()
    return cosines


def retrieve(
    queries_QE: Tensor,
    gallery_GE: Tensor,
    query_group_Q: Tensor,
    gallery_group_G: Tensor,
    device: torch.device,
) -> list[int]:
    """For every query, how many rows of other groups score at least as high as its best own row.

    That is the best own row's rank, counted from 0, with ties held against the query. Raises
    EngineError for a query whose group is not in the gallery.
    """
    orphan_Q = ~torch.isin(query_group_Q, gallery_group_G)
    if orphan_Q.any():
        query = int(orphan_Q.nonzero()[0])
        raise EngineError(
            f"query {query} has group {int(query_group_Q[query])}, which the gallery lacks"
        )
    ranks: list[int] = []
    group_G = gallery_group_G.to(device)
    for stripe, scores_QG in _stripes(queries_QE, gallery_GE, device):
        own_QG = query_group_Q[stripe].to(device).unsqueeze(1) == group_G
        best_Q1 = scores_QG.masked_fill(~own_QG, -torch.inf).amax(dim=1, keepdim=True)
        ahead_QG = (scores_QG >= best_Q1 - TIE) & ~own_QG
        ranks += ahead_QG.sum(dim=1).tolist()
    return ranks


def _stripes(
    queries_QE: Tensor, gallery_GE: Tensor, device: torch.device
) -> Iterator[tuple[slice, Tensor]]:
    """Scores of a few queries at a time against the whole gallery."""
    gallery_EG = gallery_GE.to(device).T
    rows = max(1, STRIPE_SCORES // len(gallery_GE))
    for start in range(0, len(queries_QE), rows):
        stripe = slice(start, start + rows)
        yield stripe, queries_QE[stripe].to(device) @ gallery_EG
