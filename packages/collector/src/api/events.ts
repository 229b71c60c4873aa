/** Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import type { ServerResponse } from 'node:http';
import { Problem, type Streamed } from './reply.ts';

/** Someone who listens. */
export interface Listener {
  /** Sends an event; nothing to those who cannot keep up, until they have. Returns whether it was sent. */
  send(event: string, data: unknown): boolean;
}

/** Something that is told to whoever listens. */
export interface Subscription {
  /** Called once at the start, and then every tick. */
  readonly tick: (listener: Listener) => void;
  /** Called when nobody listens any more. */
  readonly end: () => void;
}

/** From one tick to the next, in milliseconds. */
const TICK = 250;

/** A sign of life goes to those who heard nothing for this long, in milliseconds. */
const SILENCE = 15_000;

/** Bytes that may wait for one listener. */
const MOST_WAITING = 4 * 1024 * 1024;

/** Listens to everything at a time, at most so many. */
export class EventStreams {
  readonly #limit: number;
  readonly #open = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Those who listen. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * An answer that goes on until its reader leaves.
   *
   * @throws Problem 503 when too many listen already
   */
  stream(subscribe: () => Subscription): Streamed {
    if (this.#open.size >= this.#limit) {
      throw new Problem(503, 'too many listen already', { 'retry-after': '10' });
    }
    // Asked here, where what is wrong with the question can still be told.
    const subscription = subscribe();
    return { stream: (response) => this.#serve(response, subscription) };
  }

  /** Ends all streams. */
  close(): void {
    for (const end of this.#open) end();
  }

  #serve(response: ServerResponse, subscription: Subscription): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write('retry: 2000\n\n');
    return new Promise((resolve) => {
      let spoke = performance.now();
      const write = (text: string): boolean => {
        if (response.writableLength > MOST_WAITING) return false;
        spoke = performance.now();
        response.write(text);
        return true;
      };
      const listener: Listener = {
        send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
      };
      const timer = setInterval(() => {
        subscription.tick(listener);
        if (performance.now() - spoke > SILENCE) write(': \n\n');
      }, TICK);
      const end = (): void => {
        clearInterval(timer);
        if (!this.#open.delete(end)) return;
        subscription.end();
        response.end();
        resolve();
      };
      this.#open.add(end);
      response.once('close', end);
      response.once('error', end);
      subscription.tick(listener);
    });
  }
}
