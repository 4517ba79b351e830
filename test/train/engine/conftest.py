"""Makes the references importable, and runs the sessions that several tests look at."""

from collections.abc import Callable
from functools import cache

import pytest
import torch

from client import Run, train
from settings import AUGMENT, RESNET, VIT, batch, config

# torchvision registers shape functions for two compiled operators when it is imported, and fails
# where its binary, built for another torch, did not bring them. Nothing here calls them.
_operators = torch.library.Library("torchvision", "FRAGMENT")
for _schema in (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
):
    _name = _schema.partition("(")[0]
    if not hasattr(torch.ops.torchvision, _name):
        _operators.define(_schema)


@pytest.fixture(autouse=True)
def _deterministic() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.backends.cuda.enable_flash_sdp(True)  # a bf16 session on a CPU turns it off


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Uninterrupted training runs of a vit or a resnet: settings, checkpoint folder, events."""

    @cache
    def run(kind: str) -> Run:
        folder = tmp_path_factory.mktemp(kind) / "deep" / "er"
        settings = {
            "vit": config(folder, VIT, augment=AUGMENT, gradient_checkpointing=True),
            "resnet": config(folder, RESNET, augment=AUGMENT),
        }[kind]
        code, events = train(settings, batch)
        assert code == 0, events
        return settings, folder, events

    return run
