"""Reads exports with the libraries that they are for; prints what it saw as JSON.

Arguments: the folders with webdataset tars, img2dataset Parquet, a plain folder, one for the Hub.
"""

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import torch
import webdataset as wds
from datasets import disable_progress_bars, load_dataset

# As in test/train/engine/conftest.py: torchvision registers shape functions for two compiled
# operators when it is imported, and fails where its binary was built for another torch.
_operators = torch.library.Library("torchvision", "FRAGMENT")
for _schema in (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
):
    if not hasattr(torch.ops.torchvision, _schema.partition("(")[0]):
        _operators.define(_schema)

from open_clip_train.data import get_wds_dataset  # noqa: E402

disable_progress_bars()


def shown(image):
    """Of the pixels: size and digest."""
    return [*image.size, hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()]


def tars(folder):
    paths = sorted(str(path) for path in Path(folder).glob("*.tar"))
    rows = []
    for sample in wds.WebDataset(paths, shardshuffle=False):
        names = sorted(name for name in sample if not name.startswith("__"))
        image = next(sample[name] for name in ("jpg", "png", "webp") if name in sample)
        rows.append(
            {
                "key": sample["__key__"],
                "names": names,
                "text": sample["txt"].decode(),
                "image": hashlib.sha256(image).hexdigest(),
                "json": json.loads(sample["json"]),
            }
        )
    return rows


def open_clip(folder):
    """What open_clip's own loader gives for the tars: texts and the means of the images."""
    last = len(list(Path(folder).glob("*.tar"))) - 1
    args = SimpleNamespace(
        train_data=f"{folder}/{{00000..{last:05d}}}.tar",
        val_data=f"{folder}/{{00000..{last:05d}}}.tar",
        train_num_samples=None,
        val_num_samples=None,
        train_data_upsampling_factors=None,
        dataset_resampled=False,
        seed=0,
        batch_size=5,
        workers=1,
        world_size=1,
    )
    seen = []
    preprocess = lambda image: shown(image)[2]  # noqa: E731
    data = get_wds_dataset(args, preprocess, is_train=False, tokenizer=lambda texts: [texts])
    for images, texts in data.dataloader:
        seen.extend(zip(texts, images, strict=True))
    train = get_wds_dataset(args, preprocess, is_train=True, tokenizer=lambda texts: [texts])
    trained = sum(len(texts) for _, texts in train.dataloader)
    return {"rows": seen, "samples": train.dataloader.num_samples, "trained": trained}


def parquet(folder):
    tables = [pq.read_table(path) for path in sorted(Path(folder).glob("*.parquet"))]
    types = {field.name: str(field.type) for field in tables[0].schema}
    rows = [row for table in tables for row in table.to_pylist()]
    for row in rows:
        row["jpg"] = hashlib.sha256(row["jpg"]).hexdigest()
    return {"types": types, "rows": rows}


def image_rows(dataset):
    return [
        {"key": row["key"], "text": row["text"], "image": shown(row["image"])} for row in dataset
    ]


def main():
    webdataset, img2dataset, folder, hub, cache = sys.argv[1:]
    plain = load_dataset("imagefolder", data_dir=folder, split="train", cache_dir=cache)
    pushed = load_dataset(hub, cache_dir=cache)
    print(
        json.dumps(
            {
                "tars": tars(webdataset),
                "open_clip": open_clip(webdataset),
                "parquet": parquet(img2dataset),
                "folder": image_rows(plain),
                "hub": {split: image_rows(pushed[split]) for split in pushed},
                "features": {k: repr(v) for k, v in pushed["train"].features.items()},
            }
        )
    )


main()
