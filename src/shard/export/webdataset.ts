/**
 * WebDataset (github.com/webdataset/webdataset): a tar a shard, in it KEY.jpg (or .png, .webp), KEY.txt
 * and KEY.json of each pair, one after the other. `sizes.json` beside them holds the number of pairs of
 * each, from which open_clip knows how many samples there are.
 */

import { join } from 'node:path';
import type { OutputFile } from '../../core/journal.js';
import { writeAtomically } from '../../core/store.js';
import { TarWriter } from '../../core/tar.js';
import type { Pair } from '../../core/types.js';
import { splitNames } from '../split.js';
import { columnsOf, extensionOf, SUCCESS } from './sample.js';
import { type ExportTarget, outputName, splitFolder, writeSplits } from './target.js';

export const webdataset: ExportTarget = {
  async write(shard, place) {
    return await writeSplits(shard, place, (split) =>
      TarSink.open(place.out, `${outputName(split, shard, place)}.tar`),
    );
  },

  async finish(outputs, place) {
    for (const split of splitNames(place.splits)) {
      const folder = splitFolder(split, place);
      const sizes = outputs
        .filter(({ path }) => path.startsWith(folder))
        .map(({ path, rows }) => [path.slice(folder.length), rows]);
      const text = `${JSON.stringify(Object.fromEntries(sizes), null, 2)}\n`;
      await writeAtomically(join(place.out, folder, 'sizes.json'), text);
    }
  },
};

class TarSink {
  readonly #path: string;
  readonly #tar: TarWriter;
  #rows = 0;

  private constructor(path: string, tar: TarWriter) {
    this.#path = path;
    this.#tar = tar;
  }

  static async open(out: string, path: string): Promise<TarSink> {
    return new TarSink(path, await TarWriter.open(join(out, path)));
  }

  async append(pair: Pair): Promise<void> {
    const { key, text, image } = pair;
    const json = { caption: text, ...SUCCESS, ...columnsOf(pair) };
    await this.#tar.append(`${key}.${extensionOf(image.bytes)}`, image.bytes);
    await this.#tar.append(`${key}.txt`, Buffer.from(text));
    await this.#tar.append(`${key}.json`, Buffer.from(JSON.stringify(json)));
    this.#rows += 1;
  }

  async close(): Promise<OutputFile[]> {
    return [{ path: this.#path, rows: this.#rows, ...(await this.#tar.close()) }];
  }

  async abort(): Promise<void> {
    await this.#tar.abort();
  }
}
