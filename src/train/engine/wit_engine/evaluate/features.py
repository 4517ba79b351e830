"""Named sets of embeddings kept during an evaluation session.

Shapes: N rows, G groups, E embedding.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from wit_engine.errors import EngineError


class Features:
    """Unit-length fp32 embeddings [N, E] in the CPU's memory, by name."""

    def __init__(self) -> None:
        self._sets: dict[str, Tensor] = {}

    def put(self, name: str, rows_NE: Tensor) -> None:
        """Keeps a set, in place of one of the same name. Rejects values that are not finite."""
        if not torch.isfinite(rows_NE).all():
            raise EngineError(f"embeddings for {name!r} are not finite; the model has diverged")
        self._sets[name] = rows_NE

    def get(self, name: str) -> Tensor:
        """A kept set."""
        if name not in self._sets:
            known = ", ".join(self._sets) or "none yet"
            raise EngineError(f"there are no features named {name!r} (there are: {known})")
        return self._sets[name]

    def save(self, name: str, path: Path) -> None:
        """Writes a set as safetensors, under the key `features`; the file appears when complete."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file({"features": self.get(name)}, partial)
            partial.replace(path)
        except (OSError, SafetensorError) as error:
            partial.unlink(missing_ok=True)
            raise EngineError(f"cannot write {path}: {error}") from error


def average_groups(rows_NE: Tensor, group_N: Tensor, groups: int) -> Tensor:
    """Row g is the normalised mean of the rows with group g (prompt ensembles, paper §3.1.4)."""
    counts_G = torch.bincount(group_N, minlength=groups)
    if not counts_G.all():
        empty = int((counts_G == 0).nonzero()[0])
        raise EngineError(f"group {empty} of {groups} got no text")
    sums_GE = torch.zeros(groups, rows_NE.shape[1]).index_add_(0, group_N, rows_NE)
    return F.normalize(sums_GE / counts_G.unsqueeze(1), dim=1)
