"""Prints, as JSON, what pyarrow and DuckDB read of the query list given as argument."""

import json
import sys

import duckdb
import pyarrow.parquet

path = sys.argv[1]
table = pyarrow.parquet.read_table(path)
table.validate(full=True)
filtered = pyarrow.parquet.read_table(path, filters=[("views", ">", 2**40)])
relation = duckdb.sql(f"SELECT * FROM '{path}'")
print(
    json.dumps(
        {
            "types": {field.name: str(field.type) for field in table.schema},
            "pyarrow": table.to_pylist(),
            "filtered": filtered.num_rows,
            "duckdb": [
                dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()
            ],
        }
    )
)
