import { type BindOptions, createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { TransportError } from '../transport-error.ts';

/** An address and port, as the native library takes and gives them. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Large enough for every packet we send. */
const PACKET_SIZE = 1500;
/** What the kernel should hold of what has not been read or sent: a burst of many connections. */
const KERNEL_BUFFER = 4 * 1024 * 1024;
/** Packets the kernel has no room for that may wait in this process. */
const MAX_WAITING = 64;

/** A UDP socket that takes packets without a copy and says when the kernel has no room. */
export class UdpSocket {
  readonly local: Address;
  /** Called for each packet, on the event loop's turn that received it. */
  onPacket: (packet: Buffer, from: RemoteInfo) => void = ignore;
  /** Called when there is room again after `full`. */
  onRoom: () => void = ignore;
  /** Called for faults of the socket, such as a refusal by the machine at the other end of a connected one. */
  onError: (error: Error) => void = ignore;
  /** The next packet is written here, and sent by `send()`. */
  packet: Buffer = Buffer.allocUnsafeSlow(PACKET_SIZE);
  /** Whether the kernel has no room; sending more would fill memory. */
  full = false;
  readonly #socket: Socket;
  readonly #connected: boolean;
  #waiting = 0;
  #closed = false;

  private constructor(socket: Socket, connected: boolean) {
    this.#socket = socket;
    this.#connected = connected;
    const { address, port } = socket.address();
    this.local = { host: address, port };
    socket.on('message', (packet, from) => this.onPacket(packet, from));
    socket.on('error', (error) => this.onError(error));
  }

  /**
   * A socket bound to an address of this machine.
   *
   * @throws {TransportError} `address_in_use`, `listen_failed`
   */
  static async bind(host: string, port: number): Promise<UdpSocket> {
    try {
      const { address, family } = await lookup(host);
      return new UdpSocket(await open(family, { address, port, exclusive: true }), false);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const code = why.includes('EADDRINUSE') ? 'address_in_use' : 'listen_failed';
      throw new TransportError(code, `cannot listen on UDP port ${port} of ${host}: ${why}`, { cause });
    }
  }

  /**
   * A socket that exchanges packets with one address only.
   *
   * @throws {TransportError} `connect_failed` when there is no way to that address
   */
  static async connect(remote: Address, family: number): Promise<UdpSocket> {
    const socket = await open(family, { port: 0 });
    try {
      const connected = once(socket, 'connect');
      socket.connect(remote.port, remote.host);
      await connected;
      return new UdpSocket(socket, true);
    } catch (cause) {
      socket.close();
      throw new TransportError('connect_failed', `there is no way to ${remote.host}: ${String(cause)}`, {
        cause,
      });
    }
  }

  /** Sends the first `length` bytes of `packet`. A packet that cannot be sent is lost, as packets may be. */
  send(length: number, to: Address): void {
    if (this.#closed) return;
    const bytes = this.packet.subarray(0, length);
    if (this.#waiting > 0) {
      // The kernel is behind: this packet will wait as well, and tells when it is gone.
      this.#waiting += 1;
      this.full = this.#waiting >= MAX_WAITING;
      this.#send(bytes, to, this.#onSent);
    } else {
      this.#send(bytes, to);
      if (this.#socket.getSendQueueCount() === 0) return;
      this.#waiting = 1;
      // Its end is not told; that of the next one is, which comes after it.
    }
    // The buffer is in use until the packet is gone.
    this.packet = Buffer.allocUnsafeSlow(PACKET_SIZE);
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    this.onPacket = ignore;
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }

  #send(bytes: Buffer, to: Address, sent?: () => void): void {
    if (this.#connected) this.#socket.send(bytes, sent);
    else this.#socket.send(bytes, to.port, to.host, sent);
  }

  readonly #onSent = (): void => {
    this.#waiting = this.#socket.getSendQueueCount();
    if (!this.full || this.#waiting >= MAX_WAITING / 2) return;
    this.full = false;
    this.onRoom();
  };
}

async function open(family: number, address: BindOptions): Promise<Socket> {
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    recvBufferSize: KERNEL_BUFFER,
    sendBufferSize: KERNEL_BUFFER,
    // Everything sent goes to an address; answering at once keeps the sending of a packet synchronous.
    lookup: (name, _options, callback) => callback(null, name, family),
  });
  try {
    const listening = once(socket, 'listening');
    socket.bind(address);
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function ignore(): void {}
