"""Writes what others write, with their own libraries. Argument: the folder.

tars/      webdataset's TarWriter, as img2dataset writes; metadata in 00000.parquet
img/       img2dataset's Parquet: `jpg` is null where the download failed
hub/       Hugging Face `datasets`, with its Image feature
lists/     Parquet with several captions a row
hostile/   tars that are damaged or mean harm
"""

import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import webdataset as wds
from datasets import Dataset, Features, Image, Value, disable_progress_bars
from PIL import Image as Pil

disable_progress_bars()
root = Path(sys.argv[1])


def picture(index, kind="JPEG", size=(48, 40)):
    noise = np.random.default_rng(index).integers(0, 256, (size[1] // 8, size[0] // 8, 3))
    image = Pil.fromarray(np.kron(noise, np.ones((8, 8, 1))).astype(np.uint8))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def meta(index):
    return {
        "url": f"https://img.example/{index}.jpg",
        "caption": f"a caption, number {index}",
        "key": f"{index:09d}",
        "status": "success",
        "error_message": None,
        "width": 48,
        "height": 40,
        "original_width": 480,
        "original_height": 400,
        "exif": "{}",
        "sha256": f"{index:064x}",
        "similarity": index / 100,
    }


def tars(folder):
    folder.mkdir(parents=True)
    for shard in range(3):
        rows = [meta(index) for index in range(shard * 20, shard * 20 + 20)]
        with wds.TarWriter(str(folder / f"{shard:05d}.tar")) as tar:
            for index, row in enumerate(rows, shard * 20):
                kind = ("png", "PNG") if index % 10 == 7 else ("jpg", "JPEG")
                tar.write(
                    {
                        "__key__": row["key"],
                        kind[0]: picture(index, kind[1]),
                        "txt": row["caption"],
                        "json": json.dumps(row, indent=4),
                    }
                )
        table = pa.Table.from_pylist(rows)
        pq.write_table(table, folder / f"{shard:05d}.parquet")


def img2dataset(folder):
    folder.mkdir(parents=True)
    rows = []
    for index in range(25):
        row = {"key": f"{index:09d}", "jpg": picture(index), "txt": meta(index)["caption"]}
        row.update(meta(index))
        if index % 5 == 4:
            row |= {"jpg": None, "txt": None, "status": "failed_to_download"}
            row["error_message"] = "HTTP Error 404: Not Found"
        rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows), folder / "00000.parquet", row_group_size=10)


def hub(folder):
    folder.mkdir(parents=True)
    rows = {
        "image": [{"bytes": picture(index, "PNG"), "path": f"{index}.png"} for index in range(12)],
        "caption": [f"from the hub {index}" for index in range(12)],
        "license": ["cc0"] * 12,
        "score": [index / 2 for index in range(12)],
    }
    features = Features(
        {
            "image": Image(),
            "caption": Value("string"),
            "license": Value("string"),
            "score": Value("float32"),
        }
    )
    Dataset.from_dict(rows, features=features).to_parquet(folder / "train-00000-of-00001.parquet")


def lists(folder):
    folder.mkdir(parents=True)
    rows = [
        {"photo": {"bytes": picture(n), "path": None}, "sentences": [f"one {n}", f"two {n}"]}
        for n in range(5)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")


def member(tar, name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(data))


def good(tar, key, index):
    member(tar, f"{key}.jpg", picture(index))
    member(tar, f"{key}.txt", f"good {key}".encode())


def hostile(folder):
    folder.mkdir(parents=True)
    with tarfile.open(folder / "00-names.tar", "w") as tar:
        good(tar, "a", 0)
        member(tar, "../../etc/evil.jpg", picture(1))
        member(tar, "/absolute.jpg", picture(1))
        member(tar, "b/../../c.jpg", picture(1))
        member(tar, "link.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        member(tar, "hard.jpg", type=tarfile.LNKTYPE, linkname="a.jpg")
        member(tar, "pipe.jpg", type=tarfile.FIFOTYPE)
        member(tar, "folder", type=tarfile.DIRTYPE)
        good(tar, "x" * 180 + "/long", 2)
        good(tar, "z", 3)
    with tarfile.open(folder / "01-pairs.tar", "w") as tar:
        good(tar, "a", 0)
        member(tar, "image-alone.jpg", picture(1))
        member(tar, "text-alone.txt", b"text alone")
        member(tar, "empty.jpg", picture(2))
        member(tar, "empty.txt", b" \n")
        member(tar, "broken.jpg", picture(3)[:300])
        member(tar, "broken.txt", b"broken")
        member(tar, "html.jpg", b"<html>not found</html>")
        member(tar, "html.txt", b"an error page")
        good(tar, "a", 4)
        member(tar, "twice.jpg", picture(5))
        member(tar, "twice.jpg", picture(6))
        member(tar, "twice.txt", b"twice")
        member(tar, "json.jpg", picture(7))
        member(tar, "json.txt", b"damaged json")
        member(tar, "json.json", b'{"url": ')
        member(tar, "big.jpg", b"\xff\xd8\xff" + bytes(300_000))
        member(tar, "big.txt", b"too big")
        good(tar, "z", 8)
    with tarfile.open(folder / "02-cut.tar", "w") as tar:
        for index in range(6):
            good(tar, f"{index}", index)
    whole = (folder / "02-cut.tar").read_bytes()
    (folder / "02-cut.tar").write_bytes(whole[: 512 * 9 + 100])
    with tarfile.open(folder / "03-damaged.tar", "w") as tar:
        for index in range(3):
            good(tar, f"{index}", index)
    whole = bytearray((folder / "03-damaged.tar").read_bytes())
    second = whole.index(b"1.jpg")
    whole[second : second + 4] = b"????"
    (folder / "03-damaged.tar").write_bytes(whole)
    # A header that promises 8 GB, and an extended header that does.
    with tarfile.open(folder / "04-huge.tar", "w") as tar:
        good(tar, "a", 0)
    start = (folder / "04-huge.tar").read_bytes()[: 512 * 12]
    start = start[: start.index(b"a.txt") + 1024]
    info = tarfile.TarInfo("huge.jpg")
    info.size = 8 << 30
    (folder / "04-huge.tar").write_bytes(start + info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    info = tarfile.TarInfo("pax")
    info.type = tarfile.XHDTYPE
    info.size = 7 << 30
    (folder / "05-pax.tar").write_bytes(start + info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    (folder / "06-no.tar").write_bytes(b"this is no archive\n" * 100)
    (folder / "07-empty.tar").write_bytes(b"")
    with tarfile.open(folder / "08-zipped.tar.gz", "w:gz") as tar:
        good(tar, "a", 0)
        good(tar, "b", 1)
    with tarfile.open(folder / "09-bomb.tar.gz", "w:gz") as tar:
        good(tar, "a", 0)
        for index in range(40):
            member(tar, f"bomb{index}.jpg", bytes(10_000_000))
            member(tar, f"bomb{index}.txt", b"bomb")


tars(root / "tars")
img2dataset(root / "img")
hub(root / "hub")
lists(root / "lists")
hostile(root / "hostile")
