import { OTHER } from '@moq-observability/moq-metrics';
import { z } from 'zod';
import type { Logger } from 'pino';

/** How the relay is asked. */
export interface KnownStreamsOptions {
  /** A relay's public address; `<url>/announced` lists what it announces. Its query may have the relay's `?jwt=`. */
  readonly relay: URL;
  /** How often it is asked, in milliseconds. */
  readonly interval: number;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** For how long a broadcast stays known that the relay no longer announces, in milliseconds. */
const REMEMBERED = 15 * 60_000;

/** How long the relay may take, in milliseconds. */
const TIMEOUT = 5_000;

/** Broadcasts remembered, and characters of an answer that are read. */
const MAX_STREAMS = 10_000;
const MAX_ANSWER = 4 * 1024 * 1024;

const announcedSchema = z.array(z.string().max(1_024));

/**
 * Knows which broadcasts there are, by asking a relay, so that made-up names cannot take the series of real ones. Until
 * the relay has answered once, and while it does not answer, what was known stays known.
 */
export class KnownStreams implements AsyncDisposable {
  readonly #options: KnownStreamsOptions;
  readonly #until = new Map<string, number>();
  readonly #ended = new AbortController();
  readonly #asking: Promise<void>;
  #failing = false;

  constructor(options: KnownStreamsOptions) {
    this.#options = options;
    this.#asking = this.#ask();
  }

  /** Whether a broadcast is announced, or was a short while ago. */
  has(broadcast: string): boolean {
    return (this.#until.get(broadcast) ?? 0) > performance.now();
  }

  /** Takes note of a broadcast that is known for another reason. */
  add(broadcast: string): void {
    if (this.#until.size < MAX_STREAMS || this.#until.has(broadcast)) {
      this.#until.set(broadcast, performance.now() + REMEMBERED);
    }
  }

  /** The broadcast as it is told in labels. */
  label(broadcast: string): string {
    return this.has(broadcast) ? broadcast : OTHER;
  }

  /** Ends the asking. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        for (const broadcast of await this.#announced()) this.add(broadcast);
        if (this.#failing) this.#options.logger.info('the relay tells its broadcasts again');
        this.#failing = false;
      } catch (error) {
        if (!signal.aborted && !this.#failing) {
          this.#options.logger.warn({ err: error }, 'the relay does not tell its broadcasts');
        }
        this.#failing = true;
      }
      this.#forget();
      await pause(this.#options.interval, signal);
    }
  }

  async #announced(): Promise<readonly string[]> {
    const url = announcedOf(this.#options.relay);
    const response = await fetch(url, {
      signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(TIMEOUT)]),
      headers: { accept: 'text/plain, application/json' },
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`${url.origin}${url.pathname} answered ${response.status}`);
    const text = await limited(response);
    if (response.headers.get('content-type')?.includes('json'))
      return announcedSchema.parse(JSON.parse(text));
    return text.split('\n').flatMap((line) => line.trim() || []);
  }

  #forget(): void {
    const now = performance.now();
    for (const [broadcast, until] of this.#until) if (until <= now) this.#until.delete(broadcast);
  }
}

async function limited(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER) throw new Error('the answer is too long');
  }
  return text + decoder.decode();
}

/** Where a relay lists what it announces, with what its URL asks: a token. */
function announcedOf(relay: URL): URL {
  const url = new URL(relay);
  url.pathname = `${relay.pathname.replace(/\/$/, '')}/announced`;
  return url;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
