"""Writes one table with pyarrow under many settings, for our reader to read.

    python written_by_others.py DIR

Prints the settings as JSON: [{"name", "path"}]. Nothing of the project is imported here.
"""

import datetime
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 3000
TEXTS = ["😀", "", "naïve “quotes”", "日本語", "\ufeffmark", "plain"]

TABLE = pa.table(
    {
        "url": pa.array([f"https://example.com/{i}.jpg" for i in range(ROWS)]),
        "caption": pa.array([None if i % 7 == 0 else TEXTS[i % 6] for i in range(ROWS)]),
        "large": pa.array([TEXTS[i % 6] for i in range(ROWS)], pa.large_string()),
        "count": pa.array([i * 1_000_003 for i in range(ROWS)], pa.int64()),
        "huge": pa.array([2**62 + i for i in range(ROWS)], pa.int64()),
        "score": pa.array([i / 3 for i in range(ROWS)], pa.float64()),
        "half": pa.array([i / 2 for i in range(ROWS)], pa.float32()),
        "good": pa.array([i % 3 == 0 for i in range(ROWS)]),
        "words": pa.array([None if i % 5 == 4 else TEXTS[: i % 5] for i in range(ROWS)]),
        "image": pa.array(
            [{"bytes": bytes([i % 256, 0xFF, 0xD8]), "path": f"{i}.jpg"} for i in range(ROWS)],
            pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        ),
        "when": pa.array([datetime.datetime(2026, 1, 1)] * ROWS, pa.timestamp("us")),
    }
)

SETTINGS = {
    "default": {},
    "zstd": {"compression": "zstd"},
    "gzip": {"compression": "gzip"},
    "brotli": {"compression": "brotli"},
    "lz4": {"compression": "lz4"},
    "plain": {"compression": "none", "use_dictionary": False},
    "pages-v2": {"data_page_version": "2.0", "compression": "zstd"},
    "pages-v2-snappy": {"data_page_version": "2.0", "use_dictionary": False},
    "small-pages": {"data_page_size": 512, "write_batch_size": 64, "write_page_index": True},
    "groups": {"row_group_size": 700},
    "delta": {
        "use_dictionary": False,
        "column_encoding": {"url": "DELTA_BYTE_ARRAY", "count": "DELTA_BINARY_PACKED"},
    },
    "format-1": {"version": "1.0"},
}

written = []
for name, options in SETTINGS.items():
    path = os.path.join(sys.argv[1], f"{name}.parquet")
    pq.write_table(TABLE, path, **options)
    written.append({"name": name, "path": path})
json.dump(written, sys.stdout)
