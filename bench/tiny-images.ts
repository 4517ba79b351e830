/**
 * A server of small pictures on loopback, any number of them, all different:
 *
 *     node dist/bench/tiny-images.js      prints its origin, serves /NUMBER.png until it is ended
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { seeded, seedOf } from './random.js';

const SIDE = 32;
/** Pixels of one colour, so that pictures differ in what a difference hash sees. */
const BLOCK = 4;

/** Starts the server in a process of its own. */
export async function startTinyImages(): Promise<{ origin: string; close: () => Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [origin] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    origin,
    close: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

function picture(number: number): Buffer {
  const random = seeded(seedOf(3, number, 0));
  const blocks = SIDE / BLOCK;
  const colours = Buffer.from(Array.from({ length: blocks * blocks * 3 }, () => random() * 256));
  // Each row begins with its filter, none.
  const rows = Buffer.alloc(SIDE * (1 + 3 * SIDE));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const block = Math.floor(y / BLOCK) * blocks + Math.floor(x / BLOCK);
      colours.copy(rows, y * (1 + 3 * SIDE) + 1 + 3 * x, 3 * block, 3 * block + 3);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  // Eight bits a channel, red, green and blue.
  header.set([8, 2], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const data = deflateSync(rows, { level: 1 });
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer((request, response) => {
    const number = /^\/(\d+)\.png$/.exec(request.url ?? '')?.[1];
    if (number === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'image/png' }).end(picture(Number(number)));
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
}
