/**
 * An element of the page by its id.
 *
 * @throws Error when the page has none of that type
 */
export function byId<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

/** Text in an element of its own, set apart: names come from peers, and may be written in any direction. */
export function isolated(text: string, className?: string): HTMLElement {
  const element = document.createElement('bdi');
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
