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
  /** The slot of the label this one lies within. It stays as long as this one does. */
  readonly parent: Slot | undefined;
  /** The slots that lie within this one. */
  readonly children: Set<Slot>;
  readonly tenants: Set<Tenant>;
  /** Handles open on it. */
  handles: number;
  /** When the last handle was closed. */
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
    const parent = label.within && this.take(label.within.label, label.within.of(value));
    if (label.within && !parent) return undefined;
    // Making room for the parent may have made room here too.
    if (leaver && table.size >= label.limit) this.#giveUp(leaver);
    const slot: Slot = {
      label,
      value,
      parent,
      children: new Set(),
      tenants: new Set(),
      handles: 0,
      idleSince: this.#now(),
      reserved: false,
    };
    table.set(value, slot);
    parent?.children.add(slot);
    this.#onTaken(slot);
    return slot;
  }

  /** Says that a handle was opened on a slot. */
  hold(slot: Slot): void {
    slot.handles += 1;
  }

  /** Says that a handle on a slot was closed. */
  release(slot: Slot): void {
    slot.handles -= 1;
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
    let longest: Slot | undefined;
    let since = this.#now() - SLOT_IDLE;
    for (const slot of table.values()) {
      const last = lastUsed(slot);
      if (last > since || (longest && last === since)) continue;
      longest = slot;
      since = last;
    }
    return longest;
  }

  #giveUp(slot: Slot): void {
    for (const child of slot.children) this.#giveUp(child);
    slot.parent?.children.delete(slot);
    this.#table(slot.label).delete(slot.value);
    for (const tenant of slot.tenants) tenant.leave(slot);
  }
}

/** When a slot, or one within it, was last in use; Infinity while it is, and while it is reserved. */
function lastUsed(slot: Slot): number {
  if (slot.handles > 0 || slot.reserved) return Number.POSITIVE_INFINITY;
  let last = slot.idleSince;
  for (const child of slot.children) last = Math.max(last, lastUsed(child));
  return last;
}
