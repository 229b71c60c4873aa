import { randomBytes } from 'node:crypto';
import type { TransportClosed } from '../transport.ts';
import { clientConfig } from './config.ts';
import { Connection, SCRATCH_SIZE } from './connection.ts';
import { loadQuiche, type NativeConnection } from './native.ts';
import { SendStream } from './send-stream.ts';
import { Turns } from './turns.ts';
import { UdpSocket } from './udp-socket.ts';

/** A QUIC client that says what it likes: for tests of what a server makes of that. */
export class RawClient {
  readonly connection: Connection;
  /** Settles when the connection is over, with the code of HTTP/3 the server gave. */
  readonly ended: Promise<{ readonly end: TransportClosed; readonly code: number | undefined }>;
  readonly #socket: UdpSocket;

  private constructor(
    connection: Connection,
    socket: UdpSocket,
    ended: Promise<{ readonly end: TransportClosed; readonly code: number | undefined }>,
  ) {
    this.connection = connection;
    this.#socket = socket;
    this.ended = ended;
  }

  /** Connects, and resolves when the handshake is done. */
  static async connect(port: number): Promise<RawClient> {
    const quiche = await loadQuiche();
    const socket = await UdpSocket.connect({ host: '127.0.0.1', port }, 4);
    const native: NativeConnection = quiche.Connection.connect(
      null,
      randomBytes(quiche.MAX_CONN_ID_LEN),
      socket.local,
      { host: '127.0.0.1', port },
      clientConfig(quiche, 30_000, {}, true),
    );
    const established = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<{ end: TransportClosed; code: number | undefined }>();
    const connection: Connection = new Connection(
      native,
      { quiche, socket, turns: new Turns(), scratch: Buffer.alloc(SCRATCH_SIZE) },
      { isServer: false, idleTimeout: 30_000, setupTimeout: Infinity },
      {
        established: established.resolve,
        incoming: (id) => connection.addReceiver(id, { ready: () => {}, fail: () => {} }),
        datagram: () => {},
        ended: (end) => {
          established.reject(new Error(end.reason));
          ended.resolve({ end, code: native.peerError()?.errorCode });
          setImmediate(() => connection.release());
        },
        released: () => void socket.close(),
      },
    );
    socket.onPacket = (packet, from) => connection.receive(packet, from);
    connection.schedule();
    await established.promise;
    return new RawClient(connection, socket, ended.promise);
  }

  /** Opens a stream and sends bytes on it. */
  open(kind: 'uni' | 'bidi', bytes: Uint8Array, end = false): SendStream {
    const id = this.connection.tryOpen(kind);
    if (id === undefined) throw new Error('the server allows no more streams');
    const stream = new SendStream(this.connection, id);
    stream.write(bytes)?.catch(() => {});
    if (end) stream.finish().catch(() => {});
    return stream;
  }

  /** All that the server has sent on a stream by its end. */
  read(id: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const scratch = Buffer.alloc(SCRATCH_SIZE);
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        try {
          for (;;) {
            const read = this.connection.read(id, scratch);
            if (!read) return;
            chunks.push(Buffer.from(scratch.subarray(0, read[0])));
            if (!read[1]) continue;
            this.connection.removeReceiver(id);
            resolve(Buffer.concat(chunks));
            return;
          }
        } catch (error) {
          reject(error);
        }
      };
      this.connection.addReceiver(id, { ready, fail: reject });
    });
  }

  /** Goes away without a word. */
  vanish(): void {
    this.#socket.onPacket = () => {};
    void this.#socket.close();
  }

  close(): void {
    this.connection.close(0x100, '');
  }
}
