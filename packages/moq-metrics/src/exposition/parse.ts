/** One line with a value. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** A metric with its samples. */
export interface ExposedFamily {
  /** As in Prometheus: the `_total` of counters belongs to it, in both formats. */
  readonly name: string;
  type: string | undefined;
  help: string | undefined;
  readonly samples: Sample[];
}

/** What an exposition says. */
export interface Exposition {
  readonly families: ReadonlyMap<string, ExposedFamily>;
  /** What could not be read, in words, with the number of the line. */
  readonly errors: readonly string[];
}

const META = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*)(?: (.*))?$/s;
const NAME = /[a-zA-Z_:][\w:]*/y;
const LABEL = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,?)/sy;
const REST = /\s*([+-]?(?:Inf|NaN|[\d.]+(?:e[+-]?\d+)?))(?:\s+[\d.e+-]+)?\s*(?:#.*)?$/isy;
const MEMBERS = /_(bucket|sum|count|created)$/;

/** Reads the text or the OpenMetrics format. Never throws. */
export function parseExposition(text: string): Exposition {
  const families = new Map<string, ExposedFamily>();
  const errors: string[] = [];
  const family = (name: string): ExposedFamily => {
    let found = families.get(name);
    if (!found) families.set(name, (found = { name, type: undefined, help: undefined, samples: [] }));
    return found;
  };
  const lines = text.split('\n');
  const isOpenMetrics = lines.at(-2) === '# EOF';
  for (const [i, line] of lines.entries()) {
    if (!line.trim()) continue;
    const [, keyword, named, said = ''] = META.exec(line) ?? [];
    if (keyword === 'TYPE') {
      const name = isOpenMetrics && said === 'counter' ? `${named}_total` : named!;
      const early = name === named ? undefined : families.get(named!);
      if (early) families.delete(named!);
      if (early?.help !== undefined) family(name).help = early.help;
      if (family(name).type !== undefined) errors.push(`line ${i + 1}: a second TYPE for ${name}`);
      family(name).type = said;
    } else if (keyword === 'HELP') {
      family(named!).help = unescape(said);
    } else if (!line.startsWith('#')) {
      const sample = parseSample(line);
      if (sample) family(familyOf(sample.name, families)).samples.push(sample);
      else errors.push(`line ${i + 1} cannot be read: ${JSON.stringify(line.slice(0, 120))}`);
    }
  }
  return { families, errors };
}

function parseSample(line: string): Sample | undefined {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  let at = name.length;
  if (line[at] === '{') {
    at += 1;
    for (let more = true; more && line[at] !== '}';) {
      LABEL.lastIndex = at;
      const label = LABEL.exec(line);
      if (!label || labels.has(label[1]!)) return undefined;
      labels.set(label[1]!, unescape(label[2]!));
      at = LABEL.lastIndex;
      more = label[3] === ',';
    }
    if (line[at] !== '}') return undefined;
    at += 1;
  }
  REST.lastIndex = at;
  const value = REST.exec(line)?.[1];
  return value === undefined ? undefined : { name, labels, value: numberOf(value) };
}

/** The family of a sample: the one announced under its name, or under its name without the suffix of a member. */
function familyOf(sample: string, families: ReadonlyMap<string, ExposedFamily>): string {
  if (families.has(sample)) return sample;
  const without = sample.replace(MEMBERS, '');
  const type = families.get(without)?.type;
  return type === 'histogram' || type === 'summary' ? without : sample;
}

function numberOf(text: string): number {
  const infinite = /^([+-]?)inf$/i.exec(text);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

function unescape(text: string): string {
  return text.replace(/\\([\\n"])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
