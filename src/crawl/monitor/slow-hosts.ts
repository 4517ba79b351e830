/**
 * The slowest of any number of hosts, in the memory of a few hundred: Space-Saving (Metwally, Agrawal
 * and El Abbadi, 2005) over the time that requests take, with weights that fade.
 *
 * What it guarantees: a host that took more than 1/`places` of the time of all recent requests has a
 * place; one that is listed took at least that much, and its mean is over the requests since it has
 * its place. With 64 requests in flight and 512 places, that is a host that keeps an eighth of one
 * connection busy. Hosts that are slow but hardly ever asked hold nothing up and may be missing.
 */

export interface HostPace {
  readonly host: string;
  /** Mean duration of a request. */
  readonly seconds: number;
  /** Requests that the mean is of; faded ones count in part. */
  readonly requests: number;
}

/** Means of fewer say little. */
const LEAST_REQUESTS = 3;

export class SlowHosts {
  readonly #places: number;
  readonly #placeOf = new Map<string, number>();
  readonly #hosts: string[] = [];
  /** Never less than the host's time, in ms; together, the time of all requests. */
  readonly #weight: Float64Array;
  /** Time and requests since the host has its place. */
  readonly #ms: Float64Array;
  readonly #requests: Float64Array;

  constructor(places = 512) {
    this.#places = places;
    this.#weight = new Float64Array(places);
    this.#ms = new Float64Array(places);
    this.#requests = new Float64Array(places);
  }

  add(host: string, ms: number): void {
    const place = this.#placeOf.get(host) ?? this.#take(host);
    this.#weight[place] = (this.#weight[place] as number) + ms;
    this.#ms[place] = (this.#ms[place] as number) + ms;
    this.#requests[place] = (this.#requests[place] as number) + 1;
  }

  /** Lets what was counted fade to `share` of it. */
  fade(share: number): void {
    for (const counts of [this.#weight, this.#ms, this.#requests]) {
      for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) * share;
    }
  }

  /** At most `n`, slowest first. */
  slowest(n: number): HostPace[] {
    let all = 0;
    for (const weight of this.#weight) all += weight;
    // While there are free places all is exact, and everybody may be listed.
    const least = this.#hosts.length < this.#places ? 0 : all / this.#places;
    const listed: HostPace[] = [];
    this.#hosts.forEach((host, place) => {
      const ms = this.#ms[place] as number;
      const requests = this.#requests[place] as number;
      if (ms < least || Math.round(requests) < LEAST_REQUESTS) return;
      listed.push({ host, seconds: ms / requests / 1000, requests: Math.round(requests) });
    });
    return listed.sort((a, b) => b.seconds - a.seconds || (a.host < b.host ? -1 : 1)).slice(0, n);
  }

  /** A free place, or that of the host with the least weight, which passes on to the new one. */
  #take(host: string): number {
    let place = this.#hosts.length;
    if (place === this.#places) {
      place = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < this.#places; i++) {
        const weight = this.#weight[i] as number;
        if (weight < least) {
          least = weight;
          place = i;
        }
      }
      this.#placeOf.delete(this.#hosts[place] as string);
      this.#ms[place] = 0;
      this.#requests[place] = 0;
    }
    this.#hosts[place] = host;
    this.#placeOf.set(host, place);
    return place;
  }
}
