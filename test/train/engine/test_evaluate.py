"""An evaluation session with the real process, compared with the model in this one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from client import Arrays, Client, Run
from settings import batch
from wit_engine.augment.pipeline import Normalise
from wit_engine.config import read_train
from wit_engine.model.clip import CLIP


@pytest.fixture(scope="module")
def checkpoint(whole_run: Callable[[str], Run]) -> Path:
    return whole_run("resnet")[1] / "step-00000012"


@pytest.fixture(scope="module")
def session(checkpoint: Path) -> Iterator[Client]:
    """One session for all tests, with features of 20 images, 20 texts and 4 groups of texts."""
    with Client() as client:
        line = {"op": "evaluate", "checkpoint": str(checkpoint), "threads": 1, "prefetch": 2}
        client.control(line)
        ready = client.expect("ready")
        assert (ready["step"], ready["image_size"], ready["context"]) == (12, 16, 12)
        assert (ready["vocab"], ready["embed_dim"]) == (64, 32)
        images = client.embed("embed_images", parts("images"), into="images", count=20)
        assert images["rows"] == 20
        assert client.embed("embed_texts", parts("tokens"), into="texts", count=20)["rows"] == 20
        grouped = [
            {**part, "group": np.arange(len(part["tokens"]), dtype=np.int32) % 4}
            for part in parts("tokens")
        ]
        classes = client.embed("embed_texts", grouped, into="classes", count=20, groups=4)
        assert classes["rows"] == 4
        yield client
        client.control({"id": 99, "op": "close"})
        assert client.finish() == 0


def parts(name: str) -> list[Arrays]:
    """Three batches of different sizes: 8, 8 and 4 rows."""
    return [{name: batch(index)[name][:size]} for index, size in ((0, 8), (1, 8), (2, 4))]


def expected(checkpoint: Path) -> tuple[torch.Tensor, torch.Tensor]:
    info = json.loads((checkpoint / "checkpoint.json").read_text())
    settings = read_train(info["config"])
    model = CLIP(settings.model)
    model.load_state_dict(load_file(checkpoint / "model.safetensors"))
    model.eval()
    normalise = Normalise(settings.mean, settings.std, torch.device("cpu"))
    with torch.no_grad():
        images = [
            model.embed_images(normalise(torch.from_numpy(p["images"]))) for p in parts("images")
        ]
        texts = [model.embed_texts(torch.from_numpy(p["tokens"])) for p in parts("tokens")]
    return torch.cat(images), torch.cat(texts)


def saved(session: Client, name: str, folder: Path) -> torch.Tensor:
    path = folder / "deep" / f"{name}.safetensors"
    assert session.request("save", name=name, path=str(path))["path"] == str(path)
    return load_file(path)["features"]


def test_embeddings_equal_the_models(session: Client, checkpoint: Path, tmp_path: Path) -> None:
    images, texts = expected(checkpoint)
    torch.testing.assert_close(saved(session, "images", tmp_path), images, rtol=0, atol=1e-6)
    torch.testing.assert_close(saved(session, "texts", tmp_path), texts, rtol=0, atol=1e-6)
    # Without augmentation, although the run was trained with it.
    assert (images[0] - images[1]).abs().max() > 1e-3


def test_groups_are_ensembles(session: Client, checkpoint: Path, tmp_path: Path) -> None:
    _, texts = expected(checkpoint)
    group = torch.cat([torch.arange(size) % 4 for size in (8, 8, 4)])
    for index, row in enumerate(saved(session, "classes", tmp_path)):
        mean = texts[group == index].mean(dim=0)
        torch.testing.assert_close(row, mean / mean.norm(), rtol=0, atol=1e-6)


def test_classes_and_ranks(session: Client, tmp_path: Path) -> None:
    images, texts = saved(session, "images", tmp_path), saved(session, "texts", tmp_path)
    classes = saved(session, "classes", tmp_path)
    topk = session.request("classify", images="images", classes="classes", k=2)["topk"]
    assert topk == (images @ classes.T).argsort(dim=1, descending=True, stable=True)[:, :2].tolist()
    answer = session.request(
        "retrieve",
        queries="images",
        gallery="texts",
        query_group=list(range(20)),
        gallery_group=list(range(20)),
    )
    scores = images @ texts.T
    ranks = (scores >= scores.diagonal().unsqueeze(1) - 1e-6).sum(dim=1) - 1
    assert answer["ranks"] == ranks.tolist()


@pytest.mark.parametrize(
    ("op", "fields", "message"),
    [
        ("sing", {}, "unknown op 'sing' (known: embed_images"),
        ("classify", {"images": "images", "classes": "nothing"}, "no features named 'nothing'"),
        ("classify", {"images": "images", "classes": "classes", "top": 1}, "unknown key 'top'"),
        (
            "retrieve",
            {"queries": "images", "gallery": "texts", "query_group": [1], "gallery_group": [1]},
            "query_group has 1 entries for 20 rows",
        ),
        ("embed_images", {"into": "x", "count": 0}, "request.count"),
        ("save", {"name": "images", "path": "/proc/no/such"}, "cannot write /proc/no/such"),
    ],
)
def test_bad_requests_are_answered(
    session: Client, op: str, fields: dict[str, Any], message: str
) -> None:
    answer = session.request(op, **fields)
    assert answer["type"] == "error"
    assert message in answer["message"]


@pytest.mark.parametrize(
    ("op", "part", "fields", "message"),
    [
        ("embed_images", {"tokens": batch(0)["tokens"]}, {}, "it has no tensor 'images'"),
        ("embed_images", {"images": batch(0)["images"]}, {"count": 5}, "got 8 rows, expected 5"),
        ("embed_texts", {"tokens": batch(0)["tokens"] + 1}, {}, "token id 64 is not below"),
        ("embed_texts", {"tokens": batch(0)["tokens"]}, {"groups": 3}, "has no tensor 'group'"),
    ],
)
def test_bad_batches_spoil_only_their_request(
    session: Client, op: str, part: Arrays, fields: dict[str, Any], message: str
) -> None:
    # Two batches: the second arrives after the request has failed, and must be passed over.
    answer = session.embed(op, [part, part], **{"into": "x", "count": 24, **fields})
    assert answer["type"] == "error"
    assert message in answer["message"]
    again = session.embed("embed_texts", parts("tokens"), into="texts", count=20)
    assert again == {"type": "result", "id": again["id"], "rows": 20}


def test_credit_is_bounded(session: Client) -> None:
    assert max(session.granted) <= 2


def test_missing_model_is_named(tmp_path: Path) -> None:
    with Client() as client:
        client.control({"op": "evaluate", "checkpoint": str(tmp_path / "none")})
        message = client.expect("error")["message"]
        assert f"{tmp_path / 'none'} is not a readable checkpoint" in message
        assert client.finish() == 1


def test_leaves_when_stdin_closes(checkpoint: Path) -> None:
    with Client() as client:
        client.control({"op": "evaluate", "checkpoint": str(checkpoint)})
        client.expect("ready")
        client.control({"id": 1, "op": "embed_images", "into": "x", "count": 8})
        client.wait_credit()
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.event() is None
        assert client.finish() == 0
