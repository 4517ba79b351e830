/** What the markers of a JPEG say of it (ITU-T T.81, annex B), for a fiftieth of a decoder's start. */

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly isGrey: boolean;
  readonly hasProfile: boolean;
}

const [SOS, APP1, APP2] = [0xda, 0xe1, 0xe2];
const SCAN = Buffer.from([0xff, SOS]);
/** Frames that begin what every decoder takes: baseline, extended and progressive, Huffman-coded. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);

/**
 * The header of an ordinary JPEG: grey or colour, 8 bits, and no EXIF, which may turn it. Undefined for any
 * other file, and where the markers are not as they should be: a decoder must look at those.
 */
export function readJpegHeader(file: Buffer): JpegHeader | undefined {
  let hasProfile = false;
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1] as number;
    const length = file.readUInt16BE(at + 2);
    const content = at + 4;
    if (FRAMES.has(marker)) {
      if (length < 8 || content + 6 > file.length || file[content] !== 8) return undefined;
      const [height, width] = [file.readUInt16BE(content + 1), file.readUInt16BE(content + 3)];
      const channels = file[content + 5];
      if (width === 0 || height === 0 || (channels !== 1 && channels !== 3)) return undefined;
      return { width, height, isGrey: channels === 1, hasProfile };
    }
    // Fill bytes, markers without a length, and other kinds of frames are for a decoder, too.
    if (marker < 0xc4 || marker === SOS || (marker >= 0xc5 && marker < 0xdb)) return undefined;
    if (marker === 0xff || length < 2) return undefined;
    if (marker === APP1 && file.toString('latin1', content, content + 4) === 'Exif') {
      return undefined;
    }
    hasProfile ||=
      marker === APP2 && file.toString('latin1', content, content + 11) === 'ICC_PROFILE';
    at += 2 + length;
  }
  return undefined;
}

/** Passes over the picture: each costs time, however few bytes it has. Counts those of thumbnails, too. */
export function scansOf(file: Buffer): number {
  let scans = 0;
  for (let at = file.indexOf(SCAN); at !== -1; at = file.indexOf(SCAN, at + SCAN.length)) scans++;
  return scans;
}
