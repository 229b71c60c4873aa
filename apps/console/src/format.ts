/** Numbers and times as people read them. What is not known is a dash. */

/** What stands for what is not known. */
export const UNKNOWN = '–';

type Value = number | null | undefined;

function known(value: Value): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Three digits that matter, without zeros at the end. */
function digits(value: number): string {
  const size = Math.abs(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const;

function scaled(value: number, base: number, unit: string): string {
  let size = value;
  let power = 0;
  while (Math.abs(size) >= base * 0.9995 && power < PREFIXES.length - 1) {
    size /= base;
    power += 1;
  }
  return `${digits(size)} ${PREFIXES[power]}${unit}`.trim();
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Things: whole up to 100,000, then shortened. */
export function count(value: Value): string {
  if (!known(value)) return UNKNOWN;
  return Math.abs(value) < 100_000 ? whole.format(value) : scaled(value, 1000, '').replace(' ', '');
}

/** A number of no unit. */
export function number(value: Value): string {
  if (!known(value)) return UNKNOWN;
  if (Math.abs(value) >= 100_000) return scaled(value, 1000, '').replace(' ', '');
  if (value !== 0 && Math.abs(value) < 0.01) return value.toPrecision(2);
  return digits(value);
}

/** Bits per second. */
export function bits(value: Value): string {
  return known(value) ? scaled(value, 1000, 'bit/s') : UNKNOWN;
}

/** Bytes. */
export function bytes(value: Value): string {
  return known(value) ? scaled(value, 1000, 'B') : UNKNOWN;
}

/** A short time in seconds: milliseconds below one. */
export function seconds(value: Value): string {
  if (!known(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${digits(value * 1e6)} µs`;
  if (size < 0.9995) return `${size < 0.01 ? digits(value * 1000) : String(Math.round(value * 1000))} ms`;
  if (size < 120) return `${digits(value)} s`;
  return duration(value * 1000);
}

/** A part of one, as percentage. */
export function ratio(value: Value): string {
  if (!known(value)) return UNKNOWN;
  const percent = value * 100;
  if (percent !== 0 && Math.abs(percent) < 0.01) return '< 0.01 %';
  return `${digits(percent)} %`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** How long something takes, in milliseconds: its two largest units. */
export function duration(milliseconds: Value): string {
  if (!known(milliseconds)) return UNKNOWN;
  if (Math.abs(milliseconds) < 1000) {
    const size = Math.abs(milliseconds);
    return size > 0 && size < 1 ? `${Math.round(milliseconds * 1000)} µs` : `${digits(milliseconds)} ms`;
  }
  if (milliseconds < 60_000) return `${digits(milliseconds / 1000)} s`;
  const first = UNITS.findIndex(([, size]) => milliseconds >= size);
  const parts: string[] = [];
  let rest = Math.round(milliseconds / 1000) * 1000;
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const times = Math.floor(rest / size);
    rest -= times * size;
    if (times > 0) parts.push(`${times} ${unit}`);
  }
  return parts.join(' ');
}

/** The time of day. */
export function clock(time: number, { milliseconds = false, secondsToo = true } = {}): string {
  return new Date(time).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(secondsToo && { second: '2-digit' }),
    ...(milliseconds && { fractionalSecondDigits: 3 }),
  });
}

/** Date and time of day; of today, the time of day alone. */
export function moment(time: number, now: number = Date.now()): string {
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) return clock(time);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return `${day} ${clock(time)}`;
}

/** How long ago something was, roughly: in its largest unit. */
export function ago(time: number, now: number): string {
  const passed = now - time;
  if (passed < 1500) return 'now';
  const [unit, size] = UNITS.find(([, each]) => passed >= each) ?? UNITS[3];
  return `${Math.floor(passed / size)} ${unit} ago`;
}
