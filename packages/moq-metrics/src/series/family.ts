import type { LabelArguments, Metric } from '../define.ts';
import { type BoundedLabel, type EnumLabel, isEnum, type LabelValues, OTHER } from '../labels.ts';
import type { Slot, Slots, Tenant } from './slots.ts';

/** What a binding keeps for each series, and what it gives out to count into it. */
export interface Cells<Cell, Handle> {
  /** A new series, at zero. */
  create(labels: LabelValues): Cell;
  /** Adds what a series counted to another; it is gone afterwards. */
  absorb(into: Cell, from: Cell): void;
  /** A handle on a series. It calls `release` once, when it is closed. */
  open(cell: Cell, release: () => void): Handle;
  /** Whether series are to stand at zero before anything is counted. */
  readonly zeros: boolean;
}

/** A label of the family's metric. */
interface Position {
  readonly name: string;
  readonly label: EnumLabel | BoundedLabel;
  readonly index: number;
  /** Labels of this metric whose values belong to a value of this one. */
  readonly inner: readonly number[];
}

interface Series<Cell> extends Tenant {
  readonly values: readonly string[];
  readonly slots: readonly Slot[];
  readonly cell: Cell;
}

/** What can be done with the series of a metric without knowing its labels. */
export interface AnyFamily {
  readonly metric: Metric;
  /** How many series there are. */
  readonly size: number;
  /** Opens counters and gauges at zero when a slot is taken that says all there is to say of their bounded labels. */
  onTaken(slot: Slot): void;
}

/** The series of one metric. */
export class Family<L extends LabelValues, Handle, Cell = unknown> implements AnyFamily {
  readonly metric: Metric<L>;
  readonly #slots: Slots;
  readonly #cells: Cells<Cell, Handle>;
  readonly #onFolded: () => void;
  /** Inner labels first: whether they fold decides on the others. */
  readonly #positions: readonly Position[];
  /** All combinations of the values of enum labels; the places of bounded ones are empty. */
  readonly #combinations: readonly (readonly string[])[];
  readonly #series = new Map<string, Series<Cell>>();

  /** @param onFolded told whenever a handle is opened on other values than those asked for */
  constructor(metric: Metric<L>, slots: Slots, cells: Cells<Cell, Handle>, onFolded: () => void) {
    this.metric = metric;
    this.#slots = slots;
    this.#cells = cells;
    this.#onFolded = onFolded;
    this.#positions = positionsOf(metric);
    this.#combinations = combinationsOf(metric);
    if (this.#bounded().length === 0) this.#openZeros([], []);
    for (const slot of slots.taken()) this.onTaken(slot);
  }

  /** How many series there are. */
  get size(): number {
    return this.#series.size;
  }

  /**
   * Opens a handle on the series of these labels: keep it, so that the hot path looks nothing up, and close it when
   * what it counts for is over. Takes slots of bounded labels, and holds them until the handle is closed. Never throws:
   * without a free slot, and with a value that is no good, it is a handle on `__other__`, and stays one.
   */
  series(...[labels]: LabelArguments<L>): Handle {
    const { values, slots, folded } = this.#resolve(labels, (label, value) => {
      const slot = this.#slots.take(label, value);
      if (slot) this.#slots.hold(slot);
      return slot;
    });
    if (folded) this.#onFolded();
    return this.#cells.open(this.#open(values, slots).cell, () => {
      for (const slot of slots) this.#slots.release(slot);
    });
  }

  /** The series these labels count into as slots are taken now, without taking or holding one. */
  peek(...[labels]: LabelArguments<L>): Handle {
    const { values, slots } = this.#resolve(labels, (label, value) => this.#slots.find(label, value));
    return this.#cells.open(this.#open(values, slots).cell, () => {});
  }

  /** All series with their labels. */
  *entries(): Generator<[labels: L, cell: Cell]> {
    for (const { values, cell } of this.#series.values()) yield [this.#labelled(values), cell];
  }

  /** Opens counters and gauges at zero when a slot is taken that says all there is to say of their bounded labels. */
  onTaken(slot: Slot): void {
    const bounded = this.#bounded();
    if (this.metric.kind === 'histogram' || !this.#cells.zeros) return;
    if (!bounded.some(({ label }) => label === slot.label)) return;
    if (bounded.some(({ label }) => label !== slot.label && label !== slot.parent?.label)) return;
    const values = [...this.#combinations[0]!];
    for (const { label, index } of bounded) {
      values[index] = label === slot.label ? slot.value : slot.parent!.value;
    }
    this.#open(values, slot.parent ? [slot, slot.parent] : [slot]);
  }

  #bounded(): readonly Position[] {
    return this.#positions.filter(({ label }) => !isEnum(label));
  }

  #resolve(
    given: LabelValues | undefined,
    slotOf: (label: BoundedLabel, value: string) => Slot | undefined,
  ): { values: string[]; slots: Slot[]; folded: boolean } {
    const values: string[] = [];
    const slots: Slot[] = [];
    let folded = false;
    for (const { name, label, index, inner } of this.#positions) {
      const value = given?.[name];
      let kept: string | undefined;
      if (isEnum(label)) {
        kept = label.find((known) => known === value);
      } else if (typeof value === 'string' && inner.every((i) => values[i] !== OTHER)) {
        const slot = slotOf(label, value);
        if (slot) slots.push(slot);
        kept = slot?.value;
      }
      folded ||= kept === undefined;
      values[index] = kept ?? (isEnum(label) && label.includes('other') ? 'other' : OTHER);
    }
    return { values, slots, folded };
  }

  #open(values: readonly string[], slots: readonly Slot[]): Series<Cell> {
    const known = this.#series.get(keyOf(values));
    if (known) return known;
    // A histogram is many lines: where it is told per value of a bounded label, only what was observed has them.
    if (this.metric.kind !== 'histogram') this.#openZeros(values, slots);
    return this.#create(values, slots);
  }

  /** Opens the series of all values of the enum labels beside the given ones of the bounded labels. */
  #openZeros(values: readonly string[], slots: readonly Slot[]): void {
    if (!this.#cells.zeros) return;
    for (const combination of this.#combinations) {
      this.#create(
        combination.map((value, i) => value || values[i]!),
        slots,
      );
    }
  }

  #create(values: readonly string[], slots: readonly Slot[]): Series<Cell> {
    const key = keyOf(values);
    let series = this.#series.get(key);
    if (!series) {
      const created: Series<Cell> = {
        values,
        slots,
        cell: this.#cells.create(this.#labelled(values)),
        leave: (slot) => this.#leave(created, slot),
      };
      series = created;
      this.#series.set(key, series);
      for (const slot of slots) slot.tenants.add(series);
    }
    return series;
  }

  #leave(series: Series<Cell>, slot: Slot): void {
    this.#series.delete(keyOf(series.values));
    for (const { tenants } of series.slots) tenants.delete(series);
    const values = [...series.values];
    let slots = series.slots;
    for (const { label, index, inner } of this.#positions) {
      if (isEnum(label)) continue;
      const leaves = label === slot.label && values[index] === slot.value;
      if (!leaves && inner.every((i) => values[i] !== OTHER)) continue;
      slots = slots.filter((other) => other.label !== label || other.value !== values[index]);
      values[index] = OTHER;
    }
    this.#cells.absorb(this.#open(values, slots).cell, series.cell);
  }

  #labelled(values: readonly string[]): L {
    return Object.fromEntries(Object.keys(this.metric.labels).map((name, i) => [name, values[i]!])) as L;
  }
}

function positionsOf(metric: Metric): readonly Position[] {
  const labels = Object.entries(metric.labels);
  const positions = labels.map(([name, label], index) => ({
    name,
    label,
    index,
    inner: labels.flatMap(([, other], i) => (!isEnum(other) && other.within?.label === label ? [i] : [])),
  }));
  return positions.toSorted((a, b) => a.inner.length - b.inner.length);
}

function combinationsOf(metric: Metric): readonly (readonly string[])[] {
  let combinations: string[][] = [[]];
  for (const label of Object.values(metric.labels)) {
    const values = isEnum(label) ? label : [''];
    combinations = combinations.flatMap((head) => values.map((value) => [...head, value]));
  }
  return combinations;
}

/** A key no two lists of values share, whatever is in them. */
function keyOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : JSON.stringify(values);
}
