/** What an export format is: one shard in, files of its own out. */

import type { OutputFile } from '../../core/journal.js';
import type { Pair } from '../../core/types.js';
import { ownImage } from '../read.js';
import { type Split, splitNames, splitOf, TRAIN } from '../split.js';
import { shardNumber } from '../writer.js';

export interface ExportShard {
  /** Of the shard in the manifest: outputs are numbered without gaps. */
  readonly index: number;
  readonly source: OutputFile;
  /** Its pairs, in order; to be read once. */
  pairs(): AsyncIterable<Pair>;
}

export interface ExportPlace {
  /** The dataset. */
  readonly dir: string;
  /** The folder of the export. */
  readonly out: string;
  readonly splits: readonly Split[];
  /** ISO 8601. */
  readonly snapshot: string;
  readonly rowGroupRows: number;
  readonly metadata: 'jsonl' | 'csv';
}

export interface ExportTarget {
  /** Writes a shard's files, each atomically, and tells which (paths relative to `out`) and how many rows. */
  write(shard: ExportShard, place: ExportPlace): Promise<OutputFile[]>;
  /** Writes what is about all of them, once they are there. */
  finish?(outputs: readonly OutputFile[], place: ExportPlace): Promise<void>;
}

/** Below `out`, without its ending: in a folder of its own for each split where there is more than one. */
export function outputName(split: string, { index }: ExportShard, place: ExportPlace): string {
  return `${splitFolder(split, place)}${shardNumber(index)}`;
}

/** Of a split below `out`, with its slash; nothing where all is one. */
export function splitFolder(split: string, { splits }: Pick<ExportPlace, 'splits'>): string {
  return splits.length === 0 ? '' : `${split}/`;
}

interface Sink {
  append(pair: Pair): Promise<void>;
  close(): Promise<OutputFile[]>;
  abort(): Promise<void>;
}

/** Hands each pair of a shard to the sink of its split. All are opened first, so that each split has its file. */
export async function writeSplits(
  shard: ExportShard,
  { splits }: ExportPlace,
  open: (split: string) => Promise<Sink>,
): Promise<OutputFile[]> {
  const sinks = new Map<string, Sink>();
  try {
    for (const split of splitNames(splits)) sinks.set(split, await open(split));
    for await (const pair of shard.pairs()) {
      const split = splitOf(pair.key, splits);
      // The few rows of another split must not keep whole row groups in memory while they wait.
      const kept = split === TRAIN ? pair : ownImage(pair);
      await (sinks.get(split) as Sink).append(kept);
    }
    const outputs: OutputFile[] = [];
    for (const sink of sinks.values()) outputs.push(...(await sink.close()));
    return outputs;
  } catch (error) {
    for (const sink of sinks.values()) await sink.abort();
    throw error;
  }
}
