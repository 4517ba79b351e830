"""Reads a dataset folder with the libraries its users have, and prints what each saw as JSON.

    python read_by_others.py DIR SHARD.parquet [SHARD.parquet ...]

The test compares this with the rows that were written. Nothing of the project is imported here. The
caller sets HF_HOME to a fresh folder, so that no cached result answers.
"""

import hashlib
import json
import os
import sys

import datasets
import duckdb
import pyarrow
import pyarrow.parquet


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def plain(row: dict) -> dict:
    """A stored row as JSON can hold it: the image's bytes by their digest."""
    image = row["image"]
    return {**row, "image": {"sha256": digest(image["bytes"]), "path": image["path"]}}


def by_pyarrow(paths: list[str]) -> dict:
    schema = pyarrow.parquet.read_schema(paths[0])
    tables = [pyarrow.parquet.read_table(path) for path in paths]
    for table in tables:
        table.validate(full=True)
    table = pyarrow.concat_tables(tables)
    smile = pyarrow.parquet.read_table(paths[0], filters=[("text", "==", "😀")])
    wide = pyarrow.parquet.read_table(paths[0], filters=[("width", "==", 36)])
    return {
        "types": {field.name: str(field.type) for field in schema},
        "rows": [plain(row) for row in table.to_pylist()],
        "smiles": smile.num_rows,
        "width36": wide.num_rows,
    }


def decoded(rows: datasets.Dataset) -> dict:
    return {
        "features": {name: repr(feature) for name, feature in rows.features.items()},
        "rows": [
            {
                "key": row["key"],
                "text": row["text"],
                "other_texts": row["other_texts"],
                "queries": row["queries"],
                "license": row["license"],
                "size": list(row["image"].size),
                "format": row["image"].format,
                "pixel": list(row["image"].convert("RGB").getpixel((0, 0))),
            }
            for row in rows
        ],
    }


def by_duckdb(paths: list[str]) -> dict:
    def rows(query: str) -> list:
        return duckdb.execute(query, {"paths": paths}).fetchall()

    source = "read_parquet($paths)"
    return {
        "types": {name: kind for name, kind, *_ in rows(f"DESCRIBE SELECT * FROM {source}")},
        "count": rows(f"SELECT count(*) FROM {source}")[0][0],
        "smiles": rows(f"SELECT count(*) FROM {source} WHERE text = '😀'")[0][0],
        "texts": rows(f"SELECT key, text, octet_length(image.bytes) FROM {source} ORDER BY key"),
        "unlicensed": rows(f"SELECT count(*) FROM {source} WHERE license IS NULL")[0][0],
    }


def main() -> None:
    folder, *shards = sys.argv[1:]
    paths = [os.path.join(folder, shard) for shard in shards]
    result = {
        "pyarrow": by_pyarrow(paths),
        "files": decoded(datasets.load_dataset("parquet", data_files=paths, split="train")),
        "folder": decoded(datasets.load_dataset(folder, split="train")),
        "streaming": [
            row["text"] for row in datasets.load_dataset(folder, split="train", streaming=True)
        ],
        "duckdb": by_duckdb(paths),
    }
    json.dump(result, sys.stdout)


main()
