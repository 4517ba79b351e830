"""Classification, retrieval and prompt ensembles against plain loops."""

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from wit_engine.errors import EngineError
from wit_engine.evaluate import similarity
from wit_engine.evaluate.features import Features, average_groups
from wit_engine.evaluate.similarity import classify, cosines, retrieve

CPU = torch.device("cpu")


def rows(count: int, width: int = 6) -> torch.Tensor:
    return normalize(torch.randn(count, width), dim=1)


@pytest.fixture(autouse=True)
def _small_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "STRIPE_SCORES", 64)  # several stripes, the last one short


def test_cosines_go_row_by_row() -> None:
    images, texts = rows(9), rows(9)
    expected = [float(a @ b) for a, b in zip(images, texts, strict=True)]
    assert cosines(images, texts) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(EngineError, match="9 images for 8 texts"):
        cosines(images, texts[:8])


def test_ranks_equal_brute_force() -> None:
    queries, gallery = rows(37), rows(23)
    gallery[5] = gallery[11]  # duplicates tie
    random = np.random.default_rng(0)
    gallery_group = np.concatenate([np.arange(9), random.integers(0, 9, 14)])
    query_group = random.integers(0, 9, 37)
    expected = []
    for query, group in zip(queries.double(), query_group, strict=True):
        scores = (gallery.double() @ query).tolist()
        best = max(s for s, g in zip(scores, gallery_group, strict=True) if g == group)
        expected.append(
            sum(s >= best - 1e-6 and g != group for s, g in zip(scores, gallery_group, strict=True))
        )
    ranks = retrieve(
        queries, gallery, torch.from_numpy(query_group), torch.from_numpy(gallery_group), CPU
    )
    assert ranks == expected
    assert max(expected) > 3


def test_ties_count_against_the_query() -> None:
    gallery = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1e-7], [0.0, 1.0]])
    ranks = retrieve(gallery[:1], gallery, torch.tensor([0]), torch.arange(4), CPU)
    assert ranks == [2]
    # Rows of the query's own group are not against it.
    own = retrieve(gallery[:1], gallery, torch.tensor([0]), torch.tensor([0, 0, 0, 1]), CPU)
    assert own == [0]


def test_a_query_without_an_answer_is_named() -> None:
    with pytest.raises(EngineError, match="query 2 has group 9, which the gallery lacks"):
        retrieve(rows(3), rows(2), torch.tensor([0, 1, 9]), torch.tensor([0, 1]), CPU)


def test_best_classes_in_order() -> None:
    images, classes = rows(30), rows(8)
    classes[6] = classes[2]
    scores = images.numpy() @ classes.numpy().T
    expected = [np.argsort(-row, kind="stable")[:3].tolist() for row in scores]
    assert classify(images, classes, 3, CPU) == expected
    assert [len(row) for row in classify(images, classes, 99, CPU)] == [8] * 30


def test_groups_are_averaged_then_normalised() -> None:
    texts = rows(5)
    group = torch.tensor([1, 0, 1, 1, 0])
    result = average_groups(texts, group, 2)
    for index, members in enumerate([[1, 4], [0, 2, 3]]):
        mean = texts[members].double().mean(dim=0)
        torch.testing.assert_close(result[index].double(), mean / mean.norm(), rtol=0, atol=1e-6)
    with pytest.raises(EngineError, match="group 2 of 3 got no text"):
        average_groups(texts, group, 3)


def test_unknown_and_unsound_features_are_refused() -> None:
    features = Features()
    features.put("a", rows(2))
    with pytest.raises(EngineError, match=r"no features named 'b' \(there are: a\)"):
        features.get("b")
    with pytest.raises(EngineError, match="not finite"):
        features.put("c", torch.full((2, 2), torch.nan))
