"""Writes one table in every list format with pandas, pyarrow and the standard library.

    python write_lists.py DIR

Prints {"rows": [...], "files": [{"name", "typed"}]} as JSON; `typed` says whether the format keeps
numbers apart from text. Nothing of the project is imported here.
"""

import csv
import gzip
import json
import os
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

CAPTIONS = [
    "A dog, running",
    'He said "miau"\nand left',
    "犬と猫 😀",
    "tab\there",
    "naïve “quotes”",
]
ROWS = [
    {
        "key": f"{n:09d}",
        "URL": f"https://example.com/{n}.jpg?a=1,2&b=%22",
        "TEXT": CAPTIONS[n % 5],
        "similarity": n / 8,
        "WIDTH": n + 1,
        "NSFW": None if n % 3 == 0 else "UNLIKELY",
    }
    for n in range(250)
]

folder = sys.argv[1]
frame = pd.DataFrame(ROWS)
files = []


def path(name: str, typed: bool = True) -> str:
    files.append({"name": name, "typed": typed})
    return os.path.join(folder, name)


for suffix in ["", ".gz"]:
    frame.to_csv(path(f"pandas.csv{suffix}", False), index=False)
    frame.to_csv(path(f"index.csv{suffix}", False))
    frame.to_csv(path(f"quoted.csv{suffix}", False), index=False, quoting=csv.QUOTE_ALL)
    frame.to_csv(path(f"dos.csv{suffix}", False), index=False, lineterminator="\r\n")
    frame.to_csv(path(f"pandas.tsv{suffix}", False), index=False, sep="\t")
    frame.to_json(path(f"columns.json{suffix}"))
    frame.to_json(path(f"list.json{suffix}"), orient="records")
    frame.to_json(path(f"indented.json{suffix}"), orient="records", indent=2)
    frame.to_json(path(f"pandas.jsonl{suffix}"), orient="records", lines=True)
    frame.to_json(path(f"unicode.jsonl{suffix}"), orient="records", lines=True, force_ascii=False)
frame.to_csv(path("mark.csv", False), index=False, encoding="utf-8-sig")

pyarrow.csv.write_csv(pa.Table.from_pylist(ROWS), path("pyarrow.csv", False))
pq.write_table(pa.Table.from_pylist(ROWS), path("pyarrow.parquet"), row_group_size=60)
frame.to_parquet(path("pandas.parquet"), compression="zstd")

with open(path("module.csv", False), "w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, fieldnames=list(ROWS[0]))
    writer.writeheader()
    writer.writerows(ROWS)
with open(path("module.json"), "w", encoding="utf-8") as file:
    json.dump({name: [row[name] for row in ROWS] for name in ROWS[0]}, file)
# Two gzip members, as appending to a log makes them.
with open(path("members.jsonl.gz"), "wb") as file:
    for part in (ROWS[:100], ROWS[100:]):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        file.write(gzip.compress(lines.encode()))

nested = pa.table(
    {
        "URL": [row["URL"] for row in ROWS],
        "TEXT": pa.array([row["TEXT"] for row in ROWS], pa.large_string()),
        "boxes": [[{"x": 1.5, "label": "é"}], []] * (len(ROWS) // 2),
        "tags": [["a", None], None] * (len(ROWS) // 2),
        "huge": pa.array([2**60 + n for n in range(len(ROWS))], pa.int64()),
        "when": pa.array([1_767_225_600_000] * len(ROWS), pa.timestamp("ms")),
        "raw": pa.array([b"\xff\x00", b"text"] * (len(ROWS) // 2), pa.binary()),
    }
)
pq.write_table(nested, os.path.join(folder, "nested.parquet"))

json.dump({"rows": ROWS, "files": files}, sys.stdout)
