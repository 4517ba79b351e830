/**
 * Image-search APIs on loopback that speak Commons', Openverse's and SearXNG's protocols as documented,
 * over one collection of works: what a query finds are the works whose title or description holds it.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Work {
  readonly name: string;
  readonly description: string;
}

export interface Request {
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

export interface ApisOptions {
  readonly works: readonly Work[];
  /** Origin of the image URLs. */
  readonly images: string;
  /** `id:secret` of the client that Openverse knows. */
  readonly client?: string;
  /** Answers before the API does; true when it has. */
  readonly before?: (request: Request, res: ServerResponse) => boolean;
}

/** `File:Name.jpg` of a work, by its place. */
export function fileOf(work: Work): string {
  return `${work.name}.jpg`;
}

export class Apis {
  /** All requests to APIs, in order. */
  readonly requests: Request[] = [];
  /** Most requests to one engine that were open at once. */
  mostOpen = 0;
  #open = 0;
  #tokens = 0;
  readonly #options: ApisOptions;

  constructor(options: ApisOptions) {
    this.#options = options;
  }

  /** Answers what is an API's; false for everything else. */
  handle(req: IncomingMessage, res: ServerResponse): boolean {
    const url = new URL(req.url as string, 'http://api.test');
    const answer = this.#answerOf(url.pathname);
    if (answer === undefined) return false;
    this.mostOpen = Math.max(this.mostOpen, ++this.#open);
    res.on('close', () => this.#open--);
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      const request = { url, headers: req.headers, form: new URLSearchParams(body) };
      this.requests.push(request);
      if (this.#options.before?.(request, res) !== true) answer(request, res);
    });
    return true;
  }

  #answerOf(path: string): ((request: Request, res: ServerResponse) => void) | undefined {
    switch (path) {
      case '/w/api.php':
        return (request, res) => this.#commons(request, res);
      case '/v1/images/':
        return (request, res) => this.#openverse(request, res);
      case '/v1/auth_tokens/token/':
        return (request, res) => this.#token(request, res);
      case '/search':
        return (request, res) => this.#searxng(request, res);
      default:
        return undefined;
    }
  }

  #found(query: string): { work: Work; id: number }[] {
    const words = /"([^"]+)"/.exec(query)?.[1]?.toLowerCase();
    if (words === undefined) return [];
    return this.#options.works
      .map((work, id) => ({ work, id }))
      .filter(({ work }) => `${work.name} ${work.description}`.toLowerCase().includes(words));
  }

  #commons({ url }: Request, res: ServerResponse): void {
    const parameter = (name: string) => url.searchParams.get(name) as string;
    const found = this.#found(parameter('gsrsearch'));
    const limit = Number(parameter('gsrlimit'));
    const offset = Number(url.searchParams.get('gsroffset') ?? 0);
    const pages = found.slice(offset, offset + limit).map(({ work, id }, place) => ({
      pageid: 1000 - id,
      ns: 6,
      title: `File:${fileOf(work)}`,
      index: offset + place + 1,
      imagerepository: 'local',
      imageinfo: [
        {
          size: 9_000_000,
          width: 4000,
          height: 3000,
          thumburl: `${this.#options.images}/thumb/${parameter('iiurlwidth')}px-${id}.jpg`,
          thumbwidth: Number(parameter('iiurlwidth')),
          thumbheight: 720,
          url: `${this.#options.images}/original/${id}.jpg`,
          descriptionurl: `https://commons.test/wiki/File:${encodeURIComponent(fileOf(work))}`,
          mime: 'image/jpeg',
          extmetadata: {
            ObjectName: { value: work.name, source: 'mediawiki-metadata' },
            ImageDescription: {
              value: `<div class="description en" lang="en"><p>${work.description}</p><script>x()</script></div>`,
              source: 'commons-desc-page',
            },
            License: { value: id % 2 === 0 ? 'cc-by-sa-4.0' : 'pd', source: 'commons-templates' },
            LicenseShortName: { value: id % 2 === 0 ? 'CC BY-SA 4.0' : 'Public domain' },
            ...(id % 2 === 0 && {
              LicenseUrl: { value: 'https://creativecommons.org/licenses/by-sa/4.0' },
            }),
          },
        },
      ],
    }));
    // As MediaWiki does: by page id, not by rank.
    pages.sort((a, b) => a.pageid - b.pageid);
    const next = offset + limit;
    json(res, 200, {
      batchcomplete: true,
      ...(next < found.length && { continue: { gsroffset: next, continue: 'gsroffset||' } }),
      ...(pages.length > 0 && { query: { pages } }),
    });
  }

  #openverse({ url, headers }: Request, res: ServerResponse): void {
    const { authorization } = headers;
    if (authorization !== undefined && authorization !== `Bearer token-${this.#tokens}`) {
      json(res, 401, { detail: 'Authentication credentials were not provided.' });
      return;
    }
    const size = Number(url.searchParams.get('page_size'));
    if (authorization === undefined && size > 20) {
      json(res, 401, { detail: 'page_size may not exceed 20 for anonymous requests' });
      return;
    }
    const page = Number(url.searchParams.get('page'));
    const licenses = url.searchParams.get('license')?.split(',');
    const found = this.#found(url.searchParams.get('q') as string)
      .filter(({ id }) => licenses === undefined || licenses.includes(codeOf(id)))
      .slice(0, 240);
    json(res, 200, {
      result_count: found.length,
      page_count: Math.ceil(found.length / size),
      page_size: size,
      page,
      results: found.slice((page - 1) * size, page * size).map(({ work, id }) => ({
        id: `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`,
        title: work.name,
        foreign_landing_url: `https://photos.test/${id}`,
        url: `${this.#options.images}/openverse/${id}.jpg`,
        creator: 'Someone',
        license: codeOf(id),
        license_version: id % 2 === 0 ? '2.0' : '1.0',
        license_url: id % 2 === 0 ? 'https://creativecommons.org/licenses/by/2.0/' : null,
        tags: [{ name: 'tag', accuracy: 0.9 }],
        mature: false,
      })),
    });
  }

  #token({ form }: Request, res: ServerResponse): void {
    const client = `${form.get('client_id')}:${form.get('client_secret')}`;
    if (form.get('grant_type') !== 'client_credentials' || client !== this.#options.client) {
      json(res, 401, { error: 'invalid_client' });
      return;
    }
    this.#tokens++;
    const token = {
      access_token: `token-${this.#tokens}`,
      expires_in: 36_000,
      scope: 'read write',
    };
    json(res, 200, { ...token, token_type: 'Bearer' });
  }

  /** From now on the last token is refused, as one that has expired. */
  expire(): void {
    this.#tokens++;
  }

  #searxng({ url }: Request, res: ServerResponse): void {
    const query = url.searchParams.get('q') as string;
    const page = Number(url.searchParams.get('pageno'));
    const results = this.#found(query)
      .slice((page - 1) * 10, page * 10)
      .map(({ work, id }) => ({
        template: 'images.html',
        url: `https://blog.test/${id}`,
        title: work.name,
        content: work.description,
        img_src: `${this.#options.images}/searxng/${id}.jpg`,
        thumbnail_src: '',
        engine: 'bing images',
        engines: ['bing images'],
        category: 'images',
      }));
    const rest = { answers: [], corrections: [], infoboxes: [], suggestions: [] };
    json(res, 200, { query, number_of_results: 0, results, ...rest, unresponsive_engines: [] });
  }
}

function codeOf(id: number): string {
  return id % 2 === 0 ? 'by' : 'cc0';
}

export function json(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  res.end(typeof value === 'string' ? value : JSON.stringify(value));
}
