"""The evaluation session: one checkpoint, any number of requests, one answer to each.

Shapes: N rows, E embedding.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wit_engine.augment.pipeline import Normalise
from wit_engine.config import EvaluateConfig, read_train
from wit_engine.device import open_device
from wit_engine.errors import EngineError
from wit_engine.evaluate.features import Features, average_groups
from wit_engine.evaluate.similarity import classify, cosines, retrieve
from wit_engine.fields import Fields
from wit_engine.model.clip import CLIP
from wit_engine.model.text import trim
from wit_engine.train.checkpoint import load_checkpoint, load_weights
from wit_engine.wire.batches import Batches
from wit_engine.wire.control import Control
from wit_engine.wire.stop import Stop
from wit_engine.wire.tensors import check_groups, check_images, check_tokens


class StoppedError(Exception):
    """The session was asked to stop while it waited for batches."""


def evaluate(settings: EvaluateConfig, stream: socket.socket, control: Control, stop: Stop) -> None:
    """Answers requests until `close`, or until asked to stop."""
    session = _Session(settings, stream, stop)
    control.emit("ready", **session.describe())
    while (line := control.next()) is not None:
        request = Fields(line, "request")
        number = request.value("id", None)
        operation = request.value("op", None)
        if operation == "close":
            return
        try:
            answer = session.answer(operation, number, request)
        except StoppedError:
            return
        except EngineError as error:
            if session.broken:
                raise
            control.emit("error", message=str(error), id=number)
        else:
            control.emit("result", id=number, **answer)


@dataclass(frozen=True)
class _Wanted:
    """A request to embed: `id` marks its batches, `rows` is how many rows they hold in all."""

    id: Any
    into: str
    rows: int


class _Session:
    """The model, the features kept so far, and a method for every operation."""

    def __init__(self, settings: EvaluateConfig, stream: socket.socket, stop: Stop) -> None:
        self._device = open_device(settings.device, settings.precision, settings.threads)
        checkpoint = load_checkpoint(Path(settings.checkpoint), with_optimizer=False)
        config = read_train(checkpoint.info["config"])
        self._shape = config.model
        self._info = checkpoint.info
        self._model = CLIP(config.model)
        load_weights(self._model, checkpoint)
        self._model.to(self._device.torch).eval()
        self._normalise = Normalise(config.mean, config.std, self._device.torch)
        self._features = Features()
        self._batches = Batches(
            stream, settings.prefetch, stop, pin=self._device.torch.type == "cuda"
        )
        self.broken = False
        """Whether the data socket can no longer be trusted, so that the session must end."""

    def describe(self) -> dict[str, Any]:
        """The fields of the `ready` line."""
        return {
            "device": str(self._device.torch),
            "precision": self._device.precision,
            "torch": str(torch.__version__),
            "parameters": self._model.parameter_counts(),
            "step": self._info["step"],
            "position": self._info["position"],
            "threads": torch.get_num_threads(),
            "image_size": self._shape.image.size,
            "context": self._shape.text.context,
            "vocab": self._shape.text.vocab,
            "embed_dim": self._shape.embed_dim,
            "logit_scale": float(self._model.logit_scale.exp()),
        }

    def answer(self, operation: object, number: Any, request: Fields) -> dict[str, Any]:
        """Carries out one request and returns its result's fields."""
        operations = {
            "embed_images": self._embed_images,
            "embed_texts": self._embed_texts,
            "classify": self._classify,
            "retrieve": self._retrieve,
            "cosines": self._cosines,
            "save": self._save,
        }
        if not isinstance(operation, str) or operation not in operations:
            known = ", ".join([*operations, "close"])
            raise EngineError(f"unknown op {operation!r} (known: {known})")
        if number is None:
            raise EngineError(f"a request needs an id, but {operation} has none")
        return operations[operation](number, request)

    def _embed_images(self, number: Any, request: Fields) -> dict[str, Any]:
        wanted = _Wanted(number, request.text("into"), request.integer("count"))
        request.close()
        rows: list[Tensor] = []
        got = 0
        while got < wanted.rows:
            tensors, where = self._take(wanted, got)
            images = check_images(tensors, where, None, self._shape.image.size)
            got += len(images)
            _check_count(wanted, got)
            x_B3SS = self._normalise(images.to(self._device.torch, non_blocking=True))
            with torch.inference_mode(), self._device.autocast():
                rows.append(self._model.embed_images(x_B3SS).cpu())
        self._features.put(wanted.into, torch.cat(rows))
        return {"rows": wanted.rows}

    def _embed_texts(self, number: Any, request: Fields) -> dict[str, Any]:
        wanted = _Wanted(number, request.text("into"), request.integer("count"))
        groups = request.integer("groups") if request.has("groups") else None
        request.close()
        rows: list[Tensor] = []
        group: list[Tensor] = []
        got = 0
        text = self._shape.text
        while got < wanted.rows:
            tensors, where = self._take(wanted, got)
            tokens = check_tokens(tensors, where, None, text.context, text.vocab)
            got += len(tokens)
            _check_count(wanted, got)
            if groups is not None:
                group.append(check_groups(tensors, where, len(tokens), groups))
            with torch.inference_mode(), self._device.autocast():
                tokens = trim(tokens).to(self._device.torch, non_blocking=True)
                rows.append(self._model.embed_texts(tokens).cpu())
        rows_NE = torch.cat(rows)
        if groups is not None:
            rows_NE = average_groups(rows_NE, torch.cat(group), groups)
        self._features.put(wanted.into, rows_NE)
        return {"rows": len(rows_NE)}

    def _classify(self, _number: Any, request: Fields) -> dict[str, Any]:
        images = self._features.get(request.text("images"))
        classes = self._features.get(request.text("classes"))
        k = request.integer("k", 5)
        request.close()
        return {"topk": classify(images, classes, k, self._device.torch)}

    def _retrieve(self, _number: Any, request: Fields) -> dict[str, Any]:
        queries = self._features.get(request.text("queries"))
        gallery = self._features.get(request.text("gallery"))
        query_group = _groups(request, "query_group", len(queries))
        gallery_group = _groups(request, "gallery_group", len(gallery))
        request.close()
        return {"ranks": retrieve(queries, gallery, query_group, gallery_group, self._device.torch)}

    def _cosines(self, _number: Any, request: Fields) -> dict[str, Any]:
        images = self._features.get(request.text("images"))
        texts = self._features.get(request.text("texts"))
        request.close()
        return {"cosines": cosines(images, texts)}

    def _save(self, _number: Any, request: Fields) -> dict[str, Any]:
        name, path = request.text("name"), request.text("path")
        request.close()
        self._features.save(name, Path(path))
        return {"path": path}

    def _take(self, wanted: _Wanted, got: int) -> tuple[dict[str, Tensor], str]:
        """The next batch of this request; batches of an earlier, failed request are dropped."""
        while True:
            self._batches.request(wanted.rows - got)
            self.broken = True
            frame = self._batches.take()
            self.broken = False
            if frame is None:
                raise StoppedError
            if frame.header.get("request") == wanted.id:
                return frame.tensors, f"request {wanted.id}, batch from row {got}"


def _check_count(wanted: _Wanted, got: int) -> None:
    if got > wanted.rows:
        raise EngineError(f"request {wanted.id}: got {got} rows, expected {wanted.rows}")


def _groups(request: Fields, key: str, rows: int) -> Tensor:
    groups = request.integers(key, minimum=0)
    if len(groups) != rows:
        raise EngineError(f"{key} has {len(groups)} entries for {rows} rows")
    return torch.tensor(groups)
