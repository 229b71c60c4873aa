/** The time that is looked at: so long back from now, or from a moment at which it was stopped. It lives in the URL. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';

/** What the URL says of time. */
export interface SpanSearch {
  /** How far back: `15m`, or milliseconds. */
  readonly range?: string | undefined;
  /** Where it ends, in Unix milliseconds; now when it is not there. */
  readonly at?: number | undefined;
}

/** A stretch of time, in Unix milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The time that is looked at, and how to change it. */
export interface SpanControl {
  /** In milliseconds. */
  readonly length: number;
  /** Where it ends; `undefined` while it ends now, and moves. */
  readonly at: number | undefined;
  /** As it is in words. */
  readonly name: string;
  readonly setRange: (range: string) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly zoom: (span: Span) => void;
}

/** What is offered. */
export const ranges = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d'] as const;

/** What is looked at when nothing is said. */
const USUAL_RANGE = '15m';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const LONGEST = 366 * 86_400_000;

/** A range in milliseconds; `undefined` when it is none. */
export function rangeLength(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const length = Number(digits) * UNITS[unit]!;
  return length >= 1000 && length <= LONGEST ? length : undefined;
}

/** Reads what the URL says; what makes no sense is left out. */
export function spanSearch(search: Readonly<Record<string, unknown>>): SpanSearch {
  const { range, at } = search;
  const time = Number(at);
  return {
    ...(typeof range === 'string' && rangeLength(range) !== undefined && { range }),
    ...(at !== undefined && Number.isFinite(time) && time > 0 && time < 8.64e15 && { at: Math.round(time) }),
  };
}

/** A range as words say it. */
export function rangeName(range: string): string {
  const [, digits = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(range) ?? [];
  if (unit === 'ms') return `${Math.round(Number(digits) / 1000)} s`;
  const words: Readonly<Record<string, string>> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' };
  const word = words[unit] ?? unit;
  return `${digits} ${digits === '1' ? word.slice(0, -1) : word}`;
}

/** The time that is looked at. */
export function useSpan(): SpanControl {
  const { range = USUAL_RANGE, at } = useSearch({ strict: false });
  const navigate = useNavigate();
  return useMemo(() => {
    const set = (change: SpanSearch): void => {
      void navigate({ to: '.', search: (held: object) => ({ ...held, ...change }) });
    };
    return {
      length: rangeLength(range)!,
      at,
      name: rangeName(range),
      setRange: (next) => set({ range: next }),
      pause: () => set({ at: Date.now() }),
      resume: () => set({ at: undefined }),
      zoom: ({ from, to }) =>
        set({ range: `${Math.max(1000, Math.round(to - from))}ms`, at: Math.round(to) }),
    };
  }, [range, at, navigate]);
}

/** The time now, taken anew every so many milliseconds. */
export function useNow(every: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** The stretch of time that is looked at; moves on in steps while it ends now. */
export function useStretch(): Span {
  const { length, at } = useSpan();
  const step = Math.min(60_000, Math.max(5_000, length / 200));
  const now = useNow(step);
  return useMemo(() => {
    const to = at ?? Math.ceil(now / 1000) * 1000;
    return { from: to - length, to };
  }, [at, now, length]);
}

/** A stretch of time as it was when something was asked. */
export interface AskedStretch {
  /** Unix milliseconds. */
  readonly from: number;
  /** `undefined` while time moves on: up to whatever is newest. */
  readonly to: number | undefined;
  /** When it was asked, in Unix milliseconds. */
  readonly askedAt: number;
  /** Asks again. */
  readonly refresh: () => void;
}

/** The stretch that is looked at, which stays as it is until it is asked again: pages of a list belong together. */
export function useAskedStretch(): AskedStretch {
  const { length, at } = useSpan();
  const [askedAt, setAskedAt] = useState(() => Date.now());
  return useMemo(
    () => ({
      from: (at ?? askedAt) - length,
      to: at,
      askedAt: at ?? askedAt,
      refresh: () => setAskedAt(Date.now()),
    }),
    [length, at, askedAt],
  );
}
