/** A server of pictures that have many URLs: `/PICTURE-COPY.png`, or `.jpg` for one that is slightly worse. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { below, prng } from '../filter/prng.js';

export interface Gallery {
  readonly port: number;
  close(): Promise<void>;
}

/** @param isSick whether a copy is answered with 503 for now */
export async function startGallery(
  pictures: number,
  isSick: (copy: number) => boolean = () => false,
): Promise<Gallery> {
  const numbers = Array.from({ length: pictures }, (_, n) => n);
  const good = await Promise.all(numbers.map(picture));
  const worse = await Promise.all(good.map((png) => sharp(png).jpeg({ quality: 80 }).toBuffer()));
  const server = createServer((request, response) => {
    const found = /^\/(\d+)-(\d+)\.(png|jpg)$/.exec(request.url as string);
    if (found === null || isSick(Number(found[2]))) {
      response.writeHead(found === null ? 404 : 503).end();
      return;
    }
    const isGood = found[3] === 'png';
    const bytes = (isGood ? good : worse)[Number(found[1])];
    response.writeHead(200, { 'content-type': isGood ? 'image/png' : 'image/jpeg' }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A picture unlike the others: 64 squares in colours of its own. */
async function picture(n: number): Promise<Buffer> {
  const random = prng(n);
  const data = Buffer.from(Array.from({ length: 8 * 8 * 3 }, () => below(random, 256)));
  return await sharp(data, { raw: { width: 8, height: 8, channels: 3 } })
    .resize(96, 96, { kernel: 'nearest' })
    .png()
    .toBuffer();
}
