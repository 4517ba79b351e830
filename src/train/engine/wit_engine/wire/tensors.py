"""Checks of the tensors in a batch, before they reach a model or a device."""

from collections.abc import Mapping

import torch
from torch import Tensor

from wit_engine.errors import EngineError


def check_images(tensors: Mapping[str, Tensor], where: str, rows: int | None, side: int) -> Tensor:
    """The batch's `images`: u8 [rows, side, side, 3]. `rows` None allows any number from 1."""
    return _check(tensors, "images", where, torch.uint8, [rows, side, side, 3])


def check_tokens(
    tensors: Mapping[str, Tensor], where: str, rows: int | None, context: int, vocab: int
) -> Tensor:
    """The batch's `tokens`: i32 [rows, context], each id below `vocab`."""
    tokens = _check(tensors, "tokens", where, torch.int32, [rows, context])
    low, high = (int(bound) for bound in tokens.aminmax())
    if low < 0 or high >= vocab:
        wrong = low if low < 0 else high
        raise EngineError(f"{where}: token id {wrong} is not below the vocabulary's size {vocab}")
    return tokens


def check_groups(tensors: Mapping[str, Tensor], where: str, rows: int, groups: int) -> Tensor:
    """The batch's `group`: i32 [rows], each from 0 to groups-1."""
    group = _check(tensors, "group", where, torch.int32, [rows])
    low, high = (int(bound) for bound in group.aminmax())
    if low < 0 or high >= groups:
        wrong = low if low < 0 else high
        raise EngineError(f"{where}: group {wrong} is not in 0…{groups - 1}")
    return group


def _check(
    tensors: Mapping[str, Tensor],
    name: str,
    where: str,
    dtype: torch.dtype,
    shape: list[int | None],
) -> Tensor:
    if name not in tensors:
        raise EngineError(f"{where}: it has no tensor {name!r}")
    tensor = tensors[name]
    if tensor.dtype != dtype:
        raise EngineError(f"{where}: {name} is {tensor.dtype}, expected {dtype}")
    fits = len(tensor.shape) == len(shape) and all(
        size == expected or (expected is None and size > 0)
        for size, expected in zip(tensor.shape, shape, strict=False)
    )
    if not fits:
        wanted = ["n" if size is None else size for size in shape]
        raise EngineError(
            f"{where}: {name} has shape {list(tensor.shape)}, expected {wanted}".replace("'", "")
        )
    return tensor
