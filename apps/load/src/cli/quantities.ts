import { LoadError } from '../error.ts';

/** Where something listens or is found. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A stretch of time during which nothing gets through. */
export interface CutPlan {
  /** Milliseconds. */
  readonly duration: number;
  /** Milliseconds after the start of the proxy. */
  readonly start: number;
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const BITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
/** What a timer of Node can wait at the most, in milliseconds. */
const MAX_DURATION = 2 ** 31 - 1;

/** Milliseconds of `250ms`, `10s`, `1.5m` or `2h`. */
export function parseDuration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const value = Math.round(Number(digits) * (MILLISECONDS[unit] ?? Number.NaN));
  if (digits === '' || !(value <= MAX_DURATION)) throw wrong(text, 'a duration such as 250ms, 10s or 2m');
  return value;
}

/** A share from 0 to 1 of `10%` or `0.5%`. */
export function parsePercent(text: string): number {
  const [, digits = ''] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const share = Number(digits) / 100;
  if (digits === '' || share > 1) throw wrong(text, 'a percentage from 0% to 100%');
  return share;
}

/** Bits per second of `500kbit` or `2Mbit`. */
export function parseRate(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?bit)$/i.exec(text) ?? [];
  const rate = Math.round(Number(digits) * (BITS[unit.toLowerCase()] ?? Number.NaN));
  if (digits === '' || !(rate >= 1)) throw wrong(text, 'a rate such as 500kbit or 2Mbit');
  return rate;
}

/** An integer of at least `min`. */
export function parseInteger(text: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw wrong(text, `a whole number from ${min} to ${max}`);
  return value;
}

/** `3s` is a cut at the start, `3s@10s` one ten seconds later. */
export function parseCut(text: string): CutPlan {
  const [duration = '', start = '0s', ...rest] = text.split('@');
  try {
    if (rest.length === 0) return { duration: parseDuration(duration), start: parseDuration(start) };
  } catch {
    // Said below, of the whole.
  }
  throw wrong(text, 'a cut such as 3s or 3s@10s');
}

/** `127.0.0.1:5443`, `[::1]:5443` or `localhost:5443`. */
export function parseEndpoint(text: string): Endpoint {
  const [, bracketed, plain, digits = ''] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw wrong(text, 'an address such as 127.0.0.1:5443');
  return { host, port };
}

/** An `http:` or `https:` URL. */
export function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw wrong(text, 'a URL such as http://127.0.0.1:4443/');
  return url;
}

/** The path of a broadcast, without slashes at its ends. */
export function parseBroadcast(text: string): string {
  const parts = text.split('/');
  // 32 is the most that MoQ carries.
  if (parts.length > 32 || text.length > 1024 || parts.includes('')) {
    throw wrong(text, 'the path of a broadcast such as demo/clock.hang');
  }
  return text;
}

function wrong(text: string, right: string): LoadError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new LoadError('option', `${JSON.stringify(shown)} is not ${right}`);
}
