"""Writes the rows of a shard again with pyarrow, or reads its image column.

    python pyarrow_shard.py write SHARD OUT.parquet
    python pyarrow_shard.py read SHARD

Prints {"bytes", "cpu", "rss"}: bytes of images, CPU seconds of all threads (of writing alone, or of
three passes of reading), peak memory in bytes. One thread; row groups of 500, images uncompressed,
text as Snappy, statistics on integers only: as ours.
"""

import json
import resource
import sys
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

pa.set_cpu_count(1)
pa.set_io_thread_count(1)
PASSES = 3


def image_bytes(batch):
    return pc.sum(pc.binary_length(pc.struct_field(batch.column("image"), "bytes"))).as_py()


def write(source, out):
    file = pq.ParquetFile(source)
    group = file.metadata.row_group(0)
    names = [group.column(i).path_in_schema for i in range(file.metadata.num_columns)]
    integers = ["width", "height", "original_width", "original_height"]
    compression = {
        name: "NONE" if name == "image.bytes" or name in integers else "SNAPPY" for name in names
    }
    total = 0
    cpu = 0.0
    with pq.ParquetWriter(
        out,
        file.schema_arrow,
        compression=compression,
        use_dictionary=False,
        write_statistics=integers,
    ) as writer:
        for batch in file.iter_batches(batch_size=500, use_threads=False):
            total += image_bytes(batch)
            begun = time.process_time()
            writer.write_batch(batch, row_group_size=500)
            cpu += time.process_time() - begun
    return total, cpu


def read(source):
    total = 0
    begun = time.process_time()
    for _ in range(PASSES):
        file = pq.ParquetFile(source)
        for batch in file.iter_batches(batch_size=500, columns=["image"], use_threads=False):
            total += image_bytes(batch)
    return total, time.process_time() - begun


total, cpu = write(*sys.argv[2:]) if sys.argv[1] == "write" else read(sys.argv[2])
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"bytes": total, "cpu": cpu, "rss": rss}))
