import { type BoundedLabel, isLabelValue, OTHER } from '../labels.ts';

/** How long a slot is idle before another value may have it, in milliseconds. */
export const SLOT_IDLE: number = 15 * 60_000;

/** What has to leave a slot when the slot is given up. */
export interface Tenant {
  /** Moves what was counted under the slot's value to `__other__`. */
  leave(slot: Slot): void;
}

/** A value of a bounded label that has series of its own. */
export interface Slot {
  readonly label: BoundedLabel;
  readonly value: string;
  /** The slot of the label this one lies within, which it holds as long as it exists. */
  readonly parent: Slot | undefined;
  readonly tenants: Set<Tenant>;
  /** Handles open on it, and slots within it. */
  holders: number;
  /** When the last holder let go. */
  idleSince: number;
  /** Kept for its value even while idle. */
  reserved: boolean;
}

/** Who has the slots of the bounded labels: shared by all metrics that use the same label. */
export class Slots {
  readonly #now: () => number;
  readonly #onTaken: (slot: Slot) => void;
  readonly #tables = new Map<BoundedLabel, Map<string, Slot>>();

  /**
   * @param now a clock in milliseconds
   * @param onTaken told of every slot that got a new value
   */
  constructor(now: () => number, onTaken: (slot: Slot) => void) {
    this.#now = now;
    this.#onTaken = onTaken;
  }

  /** All slots that are taken. */
  *taken(): Generator<Slot> {
    for (const table of this.#tables.values()) yield* table.values();
  }

  /** The slot of a value, if it has one. */
  find(label: BoundedLabel, value: string): Slot | undefined {
    return this.#tables.get(label)?.get(value);
  }

  /** The slot of a value; a free one if it has none yet. `undefined` when none is free, or the value is no good. */
  take(label: BoundedLabel, value: string): Slot | undefined {
    const known = this.find(label, value);
    if (known || !isLabelValue(value) || value === OTHER) return known;
    const table = this.#table(label);
    const leaver = table.size < label.limit ? undefined : this.#longestIdle(table);
    if (table.size >= label.limit && !leaver) return undefined;
    let parent: Slot | undefined;
    if (label.within) {
      parent = this.take(label.within.label, label.within.of(value));
      if (!parent) return undefined;
      this.hold(parent);
    }
    if (leaver) this.#giveUp(table, leaver);
    const slot: Slot = {
      label,
      value,
      parent,
      tenants: new Set(),
      holders: 0,
      idleSince: this.#now(),
      reserved: false,
    };
    table.set(value, slot);
    this.#onTaken(slot);
    return slot;
  }

  /** Says that a handle was opened on a slot. */
  hold(slot: Slot): void {
    slot.holders += 1;
  }

  /** Says that a handle on a slot was closed. */
  release(slot: Slot): void {
    slot.holders -= 1;
    slot.idleSince = this.#now();
  }

  /**
   * Keeps a slot for a value, whether it is used or not.
   *
   * @throws RangeError when there is none left for it
   */
  reserve(label: BoundedLabel, value: string): void {
    const slot = this.take(label, value);
    if (!slot)
      throw new RangeError(
        `no slot left for ${JSON.stringify(value.slice(0, 80))}: ${label.limit} are taken`,
      );
    slot.reserved = true;
  }

  #table(label: BoundedLabel): Map<string, Slot> {
    let table = this.#tables.get(label);
    if (!table) {
      table = new Map();
      this.#tables.set(label, table);
    }
    return table;
  }

  #longestIdle(table: ReadonlyMap<string, Slot>): Slot | undefined {
    const before = this.#now() - SLOT_IDLE;
    let longest: Slot | undefined;
    for (const slot of table.values()) {
      if (slot.holders > 0 || slot.reserved || slot.idleSince > before) continue;
      if (!longest || slot.idleSince < longest.idleSince) longest = slot;
    }
    return longest;
  }

  #giveUp(table: Map<string, Slot>, slot: Slot): void {
    table.delete(slot.value);
    for (const tenant of slot.tenants) tenant.leave(slot);
    if (slot.parent) {
      slot.parent.holders -= 1;
      slot.parent.idleSince = Math.max(slot.parent.idleSince, slot.idleSince);
    }
  }
}
