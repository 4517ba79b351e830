"""Loads a dataset folder and its shards without any configuration; prints what it saw as JSON.

Arguments: the dataset folder, a folder for the cache.
"""

import hashlib
import json
import sys

import polars as pl
from datasets import Image, disable_progress_bars, load_dataset

disable_progress_bars()
folder, cache = sys.argv[1:]


def rows(dataset):
    return [{"text": row["text"], "size": row["image"].size} for row in dataset]


pushed = load_dataset(folder, cache_dir=cache)
plain = load_dataset(
    "parquet", data_files=f"{folder}/data/val-*.parquet", split="train", cache_dir=cache
)
table = pl.read_parquet(f"{folder}/data/train-*.parquet")
info = pushed["train"].info
print(
    json.dumps(
        {
            "pushed": {split: rows(pushed[split]) for split in pushed},
            "declared": {name: split.num_examples for name, split in info.splits.items()},
            "plain": rows(plain),
            "decodes": isinstance(plain.features["image"], Image),
            "types": {name: str(kind) for name, kind in table.schema.items()},
            "polars": [
                {**row, "image": hashlib.sha256(row["image"]["bytes"]).hexdigest()}
                for row in table.to_dicts()
            ],
            "filtered": table.filter(pl.col("text") == "😀").height,
        }
    )
)
