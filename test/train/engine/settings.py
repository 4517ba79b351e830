"""Small configurations and batches that the tests share."""

import copy
from pathlib import Path
from typing import Any

import numpy as np

VIT: dict[str, Any] = {
    "embed_dim": 32,
    "quick_gelu": True,
    "image": {"kind": "vit", "size": 16, "patch": 8, "width": 32, "layers": 2, "heads": 2},
    "text": {"context": 12, "vocab": 64, "width": 32, "heads": 2, "layers": 2},
}
RESNET: dict[str, Any] = {
    **VIT,
    "image": {
        "kind": "resnet",
        "size": 16,
        "width": 8,
        "layers": [1, 1, 1],
        "heads": 4,
        "stem_stride": 1,
    },
}
AUGMENT: dict[str, Any] = {
    "scale": [0.7, 1.3],
    "aspect": 1.2,
    "rotate": 15,
    "shear": 5,
    "translate": 0.1,
    "flip": 0.5,
    "brightness": 0.3,
    "contrast": 0.3,
    "saturation": 0.4,
    "hue": 0.1,
    "colour": 0.8,
    "grayscale": 0.1,
    "blur": 0.2,
    "noise": 0.02,
    "erase": 0.3,
    "ramp": 0.2,
}


def config(folder: Path, model: dict[str, Any] = VIT, **changes: Any) -> dict[str, Any]:
    """A short training run on the CPU."""
    return copy.deepcopy(
        {
            "model": model,
            "optimizer": {
                "lr": 1e-3,
                "beta1": 0.9,
                "beta2": 0.98,
                "eps": 1e-6,
                "weight_decay": 0.2,
                "warmup_steps": 3,
                "grad_clip": 1.0,
            },
            "steps": 12,
            "batch_size": 8,
            "seed": 7,
            "precision": "fp32",
            "gradient_checkpointing": False,
            "augment": {},
            "mean": [0.48145466, 0.4578275, 0.40821073],
            "std": [0.26862954, 0.26130258, 0.27577711],
            "device": "cpu",
            "threads": 1,
            "checkpoint_dir": str(folder),
            "checkpoint_every": 4,
            "log_every": 3,
            "resume": None,
            "prefetch": 3,
            "meta": {"note": "kept as it is"},
            **changes,
        }
    )


def batch(
    step: int, size: int = 8, side: int = 16, context: int = 12, vocab: int = 64
) -> dict[str, np.ndarray]:
    """The images and tokens of a step, a pure function of its number."""
    random = np.random.default_rng(step)
    images = random.integers(0, 256, (size, side, side, 3), dtype=np.uint8)
    return {"images": images, "tokens": texts(random, size, context, vocab)}


def texts(random: np.random.Generator, size: int, context: int, vocab: int) -> np.ndarray:
    """Token rows: start, words, end (the largest id), zeros."""
    tokens = np.zeros((size, context), dtype=np.int32)
    for row in tokens:
        words = int(random.integers(1, context - 2))
        row[0] = vocab - 2
        row[1 : 1 + words] = random.integers(1, vocab - 2, words)
        row[1 + words] = vocab - 1
    return tokens
