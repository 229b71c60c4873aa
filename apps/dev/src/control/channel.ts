import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** The environment variable that tells the tasks under turbo where the conductor listens. */
export const CONTROL_VARIABLE = 'MOQ_DEV_CONTROL';

/** Messages between the conductor and one of its tasks: a line of JSON each, both ways. */
export class Channel<Sent, Received> {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    // How a connection breaks makes no difference: the other side is gone, which `closed` tells.
    socket.on('error', () => {});
  }

  /** Resolves when the other side is gone. */
  get closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', () => resolve());
    });
  }

  /** Sends a message; does nothing when the other side is gone. */
  send(message: Sent): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Calls the listener with every message. Both sides are this program: nothing is validated. */
  listen(listener: (message: Received) => void): void {
    createInterface({ input: this.#socket }).on('line', (line) => listener(JSON.parse(line) as Received));
  }

  /** Sends what is under way and closes. */
  close(): void {
    this.#socket.end();
  }
}

/** Connects to the conductor. */
export async function connectToConductor<Sent, Received>(path: string): Promise<Channel<Sent, Received>> {
  const socket = connect(path);
  await once(socket, 'connect');
  return new Channel(socket);
}
