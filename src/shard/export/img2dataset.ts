/**
 * img2dataset's `output_format=parquet` (its writer.py): 00000.parquet with `key`, the encoded image in
 * `jpg`, the caption in `txt`, and a column for each thing known of the row; 00000_stats.json beside it. Rows
 * that failed, which img2dataset keeps without an image, are not there: their account is in `rejects/`.
 */

import { join } from 'node:path';
import type { OutputFile } from '../../core/journal.js';
import { ParquetFileWriter } from '../../core/parquet/writer.js';
import { bytes, int, optional, type RecordOf, string, strings } from '../../core/record.js';
import type { Pair } from '../../core/types.js';
import { writeStatsFile } from '../stats-file.js';
import { type ExportPlace, type ExportTarget, outputName, writeSplits } from './target.js';

const fields = {
  url: string(),
  caption: string(),
  key: string(),
  status: string(),
  errorMessage: optional(string()),
  width: int(),
  height: int(),
  originalWidth: int(),
  originalHeight: int(),
  exif: optional(string()),
  sha256: string(),
  pageUrl: optional(string()),
  queries: strings(),
  otherTexts: strings(),
  license: optional(string()),
  dhash: string(),
  extra: optional(string()),
  scores: optional(string()),
  txt: string(),
  jpg: bytes(),
};

export const img2dataset: ExportTarget = {
  async write(shard, place) {
    return await writeSplits(shard, place, (split) =>
      RowSink.open(outputName(split, shard, place), place),
    );
  },
};

class RowSink {
  readonly #path: string;
  readonly #place: ExportPlace;
  readonly #file: ParquetFileWriter<typeof fields>;

  private constructor(path: string, place: ExportPlace, file: ParquetFileWriter<typeof fields>) {
    this.#path = path;
    this.#place = place;
    this.#file = file;
  }

  static async open(path: string, place: ExportPlace): Promise<RowSink> {
    const file = await ParquetFileWriter.open(join(place.out, `${path}.parquet`), fields, {
      rowGroupRows: place.rowGroupRows,
    });
    return new RowSink(path, place, file);
  }

  async append(pair: Pair): Promise<void> {
    const { text, image, ...rest } = pair;
    const row: RecordOf<typeof fields> = {
      ...rest,
      caption: text,
      txt: text,
      status: 'success',
      jpg: image.bytes,
    };
    await this.#file.append(row);
  }

  async close(): Promise<OutputFile[]> {
    const written = await this.#file.close();
    const statsPath = `${this.#path}_stats.json`;
    const { snapshot, out } = this.#place;
    const stats = await writeStatsFile(join(out, statsPath), {
      successes: written.rows,
      losses: [],
      snapshot,
    });
    return [
      { path: `${this.#path}.parquet`, ...written },
      { path: statsPath, rows: 0, ...stats },
    ];
  }

  async abort(): Promise<void> {
    await this.#file.abort();
  }
}
