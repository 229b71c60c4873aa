import { type BoundedLabel, isEnum, type LabelSet, OTHER } from './labels.ts';

/** Who takes the slots of the bounded labels: shared by all metrics that use the same label. */
export class Slots {
  readonly #taken = new Map<BoundedLabel, Set<string>>();

  /** The value itself while the label has a slot for it, `__other__` past the limit. */
  fold(label: BoundedLabel, value: string): string {
    let taken = this.#taken.get(label);
    if (!taken) {
      taken = new Set();
      this.#taken.set(label, taken);
    }
    if (taken.has(value)) return value;
    if (taken.size >= label.limit) return OTHER;
    taken.add(value);
    return value;
  }
}

/** Resolved label values, in the order of the definition. */
export interface Resolved {
  readonly values: readonly string[];
  readonly folded: boolean;
}

/** Maps hostile or unknown label values onto the series they count into. Never throws. */
export function resolve(labels: LabelSet, given: Readonly<Record<string, string>>, slots: Slots): Resolved {
  let folded = false;
  const values = Object.entries(labels).map(([name, label]) => {
    const value = String(given[name] ?? '');
    if (isEnum(label)) {
      if (label.includes(value)) return value;
      folded = true;
      return label.includes('other') ? 'other' : OTHER;
    }
    const kept = slots.fold(label, value);
    if (kept !== value) folded = true;
    return kept;
  });
  return { values, folded };
}

/** The combinations of enum values that exist from the start: none when a label is bounded. */
export function enumCombinations(labels: LabelSet): string[][] {
  let combinations: string[][] = [[]];
  for (const label of Object.values(labels)) {
    if (!isEnum(label)) return [];
    combinations = combinations.flatMap((head) => label.map((value) => [...head, value]));
  }
  return combinations;
}
