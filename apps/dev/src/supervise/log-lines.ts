/** Longest line shown on the terminal. */
const MAX_LENGTH = 300;

/** pino's number for "warn". */
const WARN = 40;

const LOUD = /^(warn|warning|error|fatal|panic|dpanic|crit|critical)$/i;

/** What a line of a service's output says. */
export interface LogLine {
  /** Worth showing: a warning or worse. */
  readonly isWarning: boolean;
  /** What it says, as one printable line. */
  readonly text: string;
}

/**
 * Reads a line of output: JSON as pino writes it, logfmt as Prometheus does, or any text. Only logs that say of
 * themselves that they are warnings are taken for such: programs use the error stream for progress too.
 */
export function readLogLine(line: string): LogLine {
  const entry = line.startsWith('{') ? parse(line) : undefined;
  if (entry) return { isWarning: isLoud(entry['level']), text: printable(sentence(entry)) };
  const level = /(?:^|\s)level=(\w+)/.exec(line)?.[1];
  return { isWarning: isLoud(level), text: printable(line.trim()) };
}

/** Text as one line of bounded length that cannot steer a terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape sequences of terminals are what this is about
  const plain = text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH - 1)}…` : plain;
}

function isLoud(level: unknown): boolean {
  return typeof level === 'number' ? level >= WARN : typeof level === 'string' && LOUD.test(level);
}

function sentence(entry: Readonly<Record<string, unknown>>): string {
  const error = entry['err'] ?? entry['error'] ?? entry['reason'];
  const reason = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return [entry['msg'], reason].filter((part) => typeof part === 'string' && part !== '').join(': ');
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // Not JSON after all: text that begins with a brace.
  }
}
