/** Datasets of a few dozen drawings from the small internet, under one setting or another. */

import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FilterConfig, PartialConfig } from '../../src/config.js';
import { type Manifest, readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { type Pair, pairFields, type Reject, rejectFields } from '../../src/core/types.js';
import { packageRoot } from '../../src/core/version.js';
import { type BuildOptions, buildDataset } from '../../src/pipeline/build.js';
import { type Internet, startInternet } from '../web/internet.js';

export interface Built {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly pairs: Pair[];
  readonly rejects: Reject[];
}

export class SmallBuilds {
  readonly root: string;
  readonly internet: Internet;

  private constructor(root: string, internet: Internet) {
    this.root = root;
    this.internet = internet;
  }

  static async open(): Promise<SmallBuilds> {
    const root = await mkdtemp(join(tmpdir(), 'wit-small-'));
    return new SmallBuilds(root, await startInternet({ concepts: 24, px: 48, troubles: false }));
  }

  config(filter: Partial<FilterConfig>): PartialConfig {
    const { seeds, hosts, connectTo } = this.internet;
    return {
      queries: { file: join(packageRoot, 'queries', 'demo.txt') },
      sources: { seeds, hosts },
      net: { connectTo, allowPrivate: true, perHostDelayMs: 0 },
      filter: { cap: 6, ...filter },
      shard: { sidePx: 40, selectionsPerShard: 45 },
      snapshot: '2026-01-01T00:00:00Z',
    };
  }

  /** The same as flags of `wit crawl-and-build`. */
  flags(): string[] {
    const { seeds, hosts, connectTo } = this.internet;
    return [
      ...['--queries', join(packageRoot, 'queries', 'demo.txt')],
      ...['--seed-url', ...seeds, '--host', ...hosts, '--connect-to', ...connectTo],
      ...['--allow-private', '--delay', '0', '--cap', '6', '--side', '40'],
      ...['--set', 'shard.selectionsPerShard=45', '--snapshot', '2026-01-01T00:00:00Z'],
    ];
  }

  async build(
    name: string,
    filter: Partial<FilterConfig>,
    options: BuildOptions = {},
  ): Promise<Built> {
    const dir = join(this.root, name);
    await buildDataset(this.config(filter), dir, options);
    return await builtIn(dir);
  }

  /** What the web serves under a URL. */
  async served(url: string): Promise<Buffer> {
    const { host, pathname } = new URL(url);
    const { port } = this.internet;
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path: pathname, headers: { host } }, (response) => {
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', resolve);
      }).once('error', reject);
    });
    return Buffer.concat(chunks);
  }

  async close(): Promise<void> {
    await this.internet.close();
    await rm(this.root, { recursive: true, force: true });
  }
}

/** What a complete dataset folder holds. */
export async function builtIn(dir: string): Promise<Built> {
  const { manifest } = await readDataset(dir);
  const pairs: Pair[] = [];
  for (const { path } of manifest.shards) {
    for await (const pair of readRecords(join(dir, path), pairFields)) pairs.push(pair);
  }
  const rejects: Reject[] = [];
  for (const { path } of manifest.files.rejects) {
    for await (const reject of readRecords(join(dir, path), rejectFields)) rejects.push(reject);
  }
  return { dir, manifest, pairs, rejects };
}

export const keysOf = (pairs: readonly Pair[]): string[] => pairs.map(({ key }) => key);
