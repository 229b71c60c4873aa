import { byId } from './elements.ts';

/** What stands over the picture while there is none, or while it stands still. */
export class Notice {
  readonly #notice = byId('notice', HTMLElement);
  readonly #text = byId('notice-text', HTMLElement);
  readonly #help = byId('notice-help', HTMLElement);
  readonly #command = byId('notice-command', HTMLElement);

  /** Something is under way, and will pass. */
  wait(words: string): void {
    this.#show('wait', words);
  }

  /** Nothing will happen by itself; `command` is what to do. */
  stop(words: string, command?: string): void {
    this.#show('stop', words, command);
  }

  /** There is nothing to say. */
  clear(): void {
    this.#show('clear', '');
  }

  #show(state: 'wait' | 'stop' | 'clear', words: string, command = ''): void {
    if (this.#text.textContent !== words) this.#text.textContent = words;
    if (this.#command.textContent !== command) this.#command.textContent = command;
    this.#help.hidden = command === '';
    this.#notice.dataset['state'] = state;
  }
}
