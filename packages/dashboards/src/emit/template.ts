import type { Unit } from '../unit.ts';

/** What an annotation says, as a template Prometheus fills in: `{label}` and `{value}` become what they stand for. */
export function template(text: string, unit: Unit): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'value' ? `{{ $value${format(unit)} }}` : `{{ $labels.${name} }}`,
  );
}

/** What Prometheus makes of the same text. */
export function filled(
  text: string,
  unit: Unit,
  labels: Readonly<Record<string, string>>,
  value: number,
): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'value' ? formatted(value, unit) : (labels[name] ?? ''),
  );
}

function format(unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return ' | humanizePercentage';
    case 's':
      return ' | humanizeDuration';
    case 'By':
    case 'By/s':
      return ' | humanize1024';
    case 'count':
      return ' | humanize';
    default:
      return ' | printf "%.4g"';
  }
}

function formatted(value: number, unit: Unit): string {
  switch (unit) {
    case 'ratio':
      return `${significant(value * 100)}%`;
    case 's':
      return duration(value);
    case 'By':
    case 'By/s':
      return prefixed(value, 1024, ['', 'ki', 'Mi', 'Gi', 'Ti']);
    case 'count':
      return prefixed(value, 1000, ['', 'k', 'M', 'G', 'T']);
    default:
      return significant(value);
  }
}

/** Four significant digits, as Go's `%.4g` for numbers of ordinary size. */
function significant(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function prefixed(value: number, step: number, prefixes: readonly string[]): string {
  let [scaled, power] = [value, 0];
  while (Math.abs(scaled) >= step && power < prefixes.length - 1)
    [scaled, power] = [scaled / step, power + 1];
  return `${significant(scaled)}${prefixes[power]}`;
}

function duration(value: number): string {
  if (Math.abs(value) < 1) return value === 0 ? '0s' : `${significant(value * 1000)}ms`;
  if (Math.abs(value) < 60) return `${significant(value)}s`;
  const seconds = Math.trunc(value);
  const [days, hours] = [Math.trunc(seconds / 86_400), Math.trunc(seconds / 3600) % 24];
  const parts = [`${Math.trunc(seconds / 60) % 60}m`, `${seconds % 60}s`];
  if (days > 0) return [`${days}d`, `${hours}h`, ...parts].join(' ');
  return (hours > 0 ? [`${hours}h`, ...parts] : parts).join(' ');
}
