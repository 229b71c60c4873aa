import type { Net } from '@moq/watch';
import { isolated } from './elements.ts';

/** So many are listed; a relay that announces more does not make the page unusable. */
const MAX_LISTED = 500;

/** The live list of announced broadcasts, and which of them is chosen. */
export class BroadcastList {
  readonly #list: HTMLElement;
  readonly #count: HTMLElement;
  readonly #onChoose: (name: string) => void;
  readonly #items = new Map<string, HTMLLIElement>();
  #chosen: string | undefined;
  /** Called when the list changes. */
  onChange: () => void = () => {};

  constructor(list: HTMLElement, count: HTMLElement, onChoose: (name: string) => void) {
    this.#list = list;
    this.#count = count;
    this.#onChoose = onChoose;
  }

  /** The announced broadcasts by name. */
  get names(): readonly string[] {
    return [...this.#items.keys()];
  }

  has(name: string): boolean {
    return this.#items.has(name);
  }

  /** Marks the broadcast that is played. */
  choose(name: string): void {
    this.#mark(this.#chosen, false);
    this.#chosen = name;
    this.#mark(name, true);
  }

  /** Follows announcements until they end. */
  async follow(announced: Net.Announce.Consumer): Promise<void> {
    for (;;) {
      const event = await announced.next();
      if (!event) return;
      if (event.active) this.#add(event.path);
      else this.#remove(event.path);
    }
  }

  #add(name: string): void {
    if (this.#items.has(name) || this.#items.size >= MAX_LISTED) return;
    const item = this.#item(name);
    const names = [...this.#items.keys(), name].toSorted((a, b) =>
      a.localeCompare(b, undefined, { numeric: true }),
    );
    const next = names[names.indexOf(name) + 1];
    this.#list.insertBefore(item, (next !== undefined && this.#items.get(next)) || null);
    this.#items.set(name, item);
    if (name === this.#chosen) this.#mark(name, true);
    this.#changed();
  }

  #remove(name: string): void {
    const item = this.#items.get(name);
    if (!item) return;
    item.remove();
    this.#items.delete(name);
    this.#changed();
  }

  #item(name: string): HTMLLIElement {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'broadcast';
    button.title = name;
    const slash = name.lastIndexOf('/') + 1;
    const label = document.createElement('span');
    label.className = 'broadcast-name';
    label.append(isolated(name.slice(0, slash), 'broadcast-namespace'), isolated(name.slice(slash)));
    button.append(label);
    button.addEventListener('click', () => this.#onChoose(name));
    item.append(button);
    return item;
  }

  #mark(name: string | undefined, chosen: boolean): void {
    const button = name === undefined ? undefined : this.#items.get(name)?.firstElementChild;
    if (chosen) button?.setAttribute('aria-current', 'true');
    else button?.removeAttribute('aria-current');
  }

  #changed(): void {
    this.#count.textContent = String(this.#items.size);
    this.onChange();
  }
}
