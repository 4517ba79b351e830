"""Where to compute and in which precision."""

import contextlib
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from wit_engine.errors import EngineError


@dataclass(frozen=True)
class Device:
    """A resolved device. `precision` is fp32 or bf16, never auto."""

    torch: torch.device
    precision: str

    @property
    def host_only(self) -> bool:
        """Whether reading a value costs no wait for an accelerator."""
        return self.torch.type == "cpu"

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Runs matrix products in bf16 where that was chosen; weights stay fp32."""
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.torch.type, dtype=torch.bfloat16)

    def peak_memory_bytes(self) -> int:
        """The most memory the session held: the accelerator's, or the process's on a CPU."""
        if self.torch.type == "cuda":
            return torch.cuda.max_memory_allocated(self.torch)
        if self.torch.type == "mps":
            return torch.mps.driver_allocated_memory()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024  # Linux counts kibibytes


def open_device(device: str, precision: str, threads: int | None) -> Device:
    """Resolves `auto` and `fast`. Raises EngineError where the machine lacks what was asked for."""
    if threads is not None:
        torch.set_num_threads(threads)
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        device = next(name for name, there in available.items() if there)
    if not available[device]:
        there = ", ".join(name for name in available if available[name])
        raise EngineError(f"device {device!r} is not available here (available: {there})")
    if precision in ("auto", "fast"):
        bf16 = device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        bf16 |= device == "cpu" and precision == "fast" and _cpu_computes_bf16()
        precision = "bf16" if bf16 else "fp32"
    if device == "cpu" and precision == "bf16":
        # On a CPU the fused kernel's backward pass is the slower one in bf16 (a small ViT trained
        # 1.5 times as fast without it), though not in fp32.
        torch.backends.cuda.enable_flash_sdp(False)
    return Device(torch.device(device), precision)


def _cpu_computes_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; emulating it would be slower than fp32."""
    ask = getattr(torch.cpu, "get_capabilities", None)  # newer than the oldest torch supported
    known: Mapping[str, object] = ask() if ask is not None else {}
    return any(known.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))
