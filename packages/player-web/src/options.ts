import type { Fact } from './qoe/events.ts';
import type { PageDecoders } from './webcodecs/page-decoders.ts';

/** What {@link observePlayer} is told. */
export interface ObserveOptions {
  /** The OTLP/HTTP endpoint reports go to, without `/v1/metrics`: `http://127.0.0.1:4318`. */
  readonly endpoint: string | URL;
  /** Further headers of each report, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds from one report to the next, 1 to 300; 10 by default. */
  readonly intervalSeconds?: number;
  /** When the viewer asked to play, on the clock of `performance.now()`; the moment of the call by default. */
  readonly intent?: number;
  /**
   * Adds `?session=<session id>&traceparent=<W3C trace context>` to the connect URL, unless a connection was begun
   * before; true by default.
   */
  readonly linkSession?: boolean;
  /** The share of sessions whose traces are sent, 0 to 1; 1 by default. Metrics and events are never sampled. */
  readonly traceSampling?: number;
  /** The decoders of the page, measured: what `measurePageDecoders()` of `…/player-web/webcodecs` gives. */
  readonly decoders?: PageDecoders;
  /** Called with each fact as it becomes known. */
  readonly onFact?: (fact: Fact) => void;
  /** Where the two lines go that are logged; the console by default. */
  readonly log?: Pick<Console, 'info' | 'warn'>;
}

/** Options that were checked and completed. */
export interface CheckedOptions {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In milliseconds. */
  readonly interval: number;
  readonly intent: number | undefined;
  readonly linkSession: boolean;
  readonly traceSampling: number;
  readonly decoders: PageDecoders | undefined;
  readonly onFact: (fact: Fact) => void;
  readonly log: Pick<Console, 'info' | 'warn'>;
}

/**
 * Checks the options of {@link observePlayer}.
 *
 * @throws TypeError naming the option that is wrong
 */
export function checkOptions(options: ObserveOptions): CheckedOptions {
  check(typeof options === 'object' && options !== null, 'options', 'an object', options);
  const { headers = {}, intervalSeconds = 10, intent, linkSession = true, onFact = () => {} } = options;
  const { traceSampling = 1, decoders, log = globalThis.console } = options;
  check(isHeaders(headers), 'headers', 'an object of valid header names and text values', headers);
  check(
    typeof intervalSeconds === 'number' && intervalSeconds >= 1 && intervalSeconds <= 300,
    'intervalSeconds',
    'a number from 1 to 300',
    intervalSeconds,
  );
  check(
    intent === undefined || (Number.isFinite(intent) && intent >= 0),
    'intent',
    'a time of performance.now()',
    intent,
  );
  check(typeof linkSession === 'boolean', 'linkSession', 'true or false', linkSession);
  check(
    typeof traceSampling === 'number' && traceSampling >= 0 && traceSampling <= 1,
    'traceSampling',
    'a number from 0 to 1',
    traceSampling,
  );
  check(
    decoders === undefined || typeof decoders?.attach === 'function',
    'decoders',
    'what measurePageDecoders() returned',
    decoders,
  );
  check(typeof onFact === 'function', 'onFact', 'a function', onFact);
  check(
    typeof log?.info === 'function' && typeof log.warn === 'function',
    'log',
    'an object with the functions info and warn',
    log,
  );
  const endpoint = checkEndpoint(options.endpoint);
  return {
    endpoint,
    headers,
    interval: intervalSeconds * 1000,
    intent,
    linkSession,
    traceSampling,
    decoders,
    onFact,
    log,
  };
}

function checkEndpoint(value: unknown): string {
  const url = value instanceof URL || typeof value === 'string' ? URL.parse(value) : null;
  const usable = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  check(usable, 'endpoint', 'an absolute http(s) URL without credentials', value);
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

function isHeaders(value: unknown): value is Readonly<Record<string, string>> {
  try {
    return (
      typeof value === 'object' && value !== null && Boolean(new Headers(value as Record<string, string>))
    );
  } catch {
    return false;
  }
}

function check(condition: unknown, option: string, expected: string, value: unknown): asserts condition {
  if (condition) return;
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
  throw new TypeError(`observePlayer: ${option} must be ${expected}, not ${shown}`);
}
