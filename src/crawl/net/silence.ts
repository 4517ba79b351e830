/**
 * Tells hosts that are gone from a network that is. A failure after which any server has answered is
 * its host's. When many requests in a row come to nothing and nobody answers in between, those who
 * answered last are asked again; if they are silent too, the run must not go on: it would only turn
 * everything that is left into losses.
 */

import type { Clock } from '../../core/clock.js';
import { WitError } from '../../core/errors.js';
import type { Loss, Reason } from '../../core/reasons.js';
import { LruMap } from './lru.js';
import type { Fetched, ResourceKind } from './resource.js';

/** Hosts that are asked when there is doubt: one of them may be gone itself. */
const WITNESSES = 3;

/** Losses that a broken network, name server or firewall of our own could be the cause of. */
const SILENT: ReadonlySet<Reason> = new Set<Reason>([
  'dns',
  'connect',
  'tls',
  'reset',
  'timeout',
  'private_address',
  'robots_unreachable',
]);

const COUNTED: ReadonlySet<ResourceKind> = new Set<ResourceKind>(['page', 'image', 'sitemap']);

export function isSilence(reason: Reason): boolean {
  return SILENT.has(reason);
}

export interface SilenceOptions {
  /** Requests in a row without an answer from anybody before there is doubt; 0: never. */
  readonly after: number;
  /** How long those who answered before have to do so again. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Asks for `url`; the answer is to come back through `note`. */
  readonly ask: (url: string, signal: AbortSignal) => Promise<unknown>;
  readonly onOutage: (error: WitError) => void;
}

export class Silence {
  readonly #options: SilenceOptions;
  /** URLs that were had last, one a host. */
  readonly #witnesses = new LruMap<string, string>(WITNESSES);
  readonly #closing = new AbortController();
  #answers = 0;
  /** Since the last answer. */
  #failures = 0;
  readonly #silentHosts = new Set<string>();
  #lastLoss: Loss | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Answers of any kind so far, from whichever server. */
  get answers(): number {
    return this.#answers;
  }

  /** What a request for `url` came to. That the rules of a host cannot be had shows in what they are for. */
  note(url: string, kind: ResourceKind, fetched: Fetched): void {
    if (fetched.ok || fetched.status !== undefined) {
      this.#answers += 1;
      this.#failures = 0;
      this.#silentHosts.clear();
      if (fetched.ok) this.#witnesses.set(hostOf(url), url);
    } else if (COUNTED.has(kind) && isSilence(fetched.loss.reason)) {
      this.#failures += 1;
      this.#silentHosts.add(hostOf(url));
      this.#lastLoss = fetched.loss;
      const { after } = this.#options;
      if (after > 0 && this.#failures >= after) void this.#check();
    }
  }

  /**
   * Resolves once it is sure that somebody can be reached, or that nobody ever could and too few were
   * asked to tell. `onOutage` was called where neither holds.
   */
  async confirm(): Promise<void> {
    if (this.#options.after > 0 && this.#failures > 0 && this.#witnesses.size > 0) {
      await this.#check();
    }
  }

  close(): void {
    this.#closing.abort();
  }

  /** One check at a time. */
  #check(): Promise<void> {
    this.#checking ??= this.#askWitnesses().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #askWitnesses(): Promise<void> {
    const { clock, patienceMs, ask, onOutage } = this.#options;
    const before = this.#answers;
    const control = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, control.signal]);
    const asked = Promise.all(this.#witnesses.values().map((url) => ask(url, signal)));
    // A witness's host may have a long queue; whatever is asked of it meanwhile tells as much.
    await Promise.race([asked, clock.sleep(patienceMs, signal)]).catch(() => {});
    control.abort();
    await asked.catch(() => {});
    if (this.#answers > before || this.#closing.signal.aborted) return;
    const { reason, detail } = this.#lastLoss as Loss;
    onOutage(
      new WitError(
        'network',
        `Nobody answers any more: the last ${this.#failures} requests, to ${this.#silentHosts.size} hosts, came to nothing (${reason}: ${detail})`,
        {
          hint: 'Check the network and the name servers, then run the same command again: what was fetched is kept, and what failed since the last answer is tried again. If all these hosts are gone for good, set net.outageAfter to 0.',
        },
      ),
    );
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
