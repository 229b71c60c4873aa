/** Levels of log lines, by severity number: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */

/** A level of log lines. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** A level of log lines. */
export type Level = (typeof levels)[number];

/** The level of a severity number: four numbers to each, from 1 on; `info` when it is not known. */
export function levelOf(severityNumber: number): Level {
  return levels[Math.min(5, Math.floor((severityNumber - 1) / 4))] ?? 'info';
}
