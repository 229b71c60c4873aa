import { CapsuleType, FrameType, Http3Code, StreamType } from './codes.ts';
import type { Connection, Receiver } from './connection.ts';
import { Http3Error } from './http3-error.ts';
import { decodeFields, encodeFields, type Fields } from './qpack.ts';
import type { StreamStart } from './receive-stream.ts';
import { record, RecordReader, type RecordTaker, type Taking } from './records.ts';
import { SendStream } from './send-stream.ts';
import { readVarint, varintLength } from './varint.ts';

/** The longest header section a peer may send, in bytes. */
export const MAX_HEADERS: number = 16 * 1024;
/** The longest list of settings. */
const MAX_SETTINGS = 4096;
/** The longest capsule that is looked at: a code of 32 bits and a reason. */
const MAX_CAPSULE = 4 + 1024;
/** The longest type and session id. */
const MAX_STREAM_HEAD = 16;
const NOTHING: Buffer = Buffer.alloc(0);

/** What the streams of HTTP/3 need of their connection. */
export interface StreamOwner {
  readonly connection: Connection;
  readonly scratch: Buffer;
  /** Runs what may throw because of what the peer sent; whether it went well. */
  guard(parse: () => void): boolean;
  /** Takes a stream whose type is known. */
  route(start: StreamStart, type: number, sessionId: number | undefined): void;
  /** Takes the peer's settings. */
  settings(settings: ReadonlyMap<number, number>): void;
  /** Takes the headers of a message. */
  headers(message: MessageStream, fields: Fields): void;
}

/** Reads the type of a stream the peer opened, and whose it is. */
export class StreamHead implements Receiver {
  readonly #owner: StreamOwner;
  readonly #id: number;
  #bytes: Buffer = NOTHING;

  constructor(owner: StreamOwner, id: number) {
    this.#owner = owner;
    this.#id = id;
    owner.connection.addReceiver(id, this);
  }

  ready(): void {
    const { connection, scratch } = this.#owner;
    let end = false;
    try {
      const read = connection.read(this.#id, scratch.subarray(0, MAX_STREAM_HEAD - this.#bytes.byteLength));
      if (!read) return;
      this.#bytes = Buffer.concat([this.#bytes, scratch.subarray(0, read[0])]);
      end = read[1];
    } catch {
      // Reset before it said what it is.
      connection.removeReceiver(this.#id);
      return;
    }
    if (end) connection.removeReceiver(this.#id);
    this.#owner.guard(() => this.#parse(end));
  }

  fail(): void {}

  #parse(end: boolean): void {
    const isUni = (this.#id & 2) !== 0;
    const type = readVarint(this.#bytes, 0);
    // Incomplete; with an end it is a stream that never was anything.
    if (type === undefined) return;
    const bytes = this.#bytes.subarray(varintLength(this.#bytes[0]!));
    if (type === (isUni ? StreamType.WebTransport : FrameType.WebTransportStream)) {
      const sessionId = readVarint(bytes, 0);
      if (sessionId === undefined) return;
      const rest = bytes.subarray(varintLength(bytes[0]!));
      this.#owner.route({ id: this.#id, bytes: rest, end }, type, sessionId);
    } else {
      // A request begins with its first frame, whose type has just been read.
      this.#owner.route({ id: this.#id, bytes: isUni ? bytes : this.#bytes, end }, type, undefined);
    }
  }
}

/** A stream of frames that are read as they come. */
abstract class FrameStream implements Receiver, RecordTaker {
  readonly id: number;
  abstract readonly limit: number;
  protected readonly owner: StreamOwner;
  readonly #reader: RecordReader = new RecordReader(this);

  constructor(owner: StreamOwner, id: number) {
    this.owner = owner;
    this.id = id;
  }

  /** Begins to read, with what was read to find out what the stream is. */
  start(start: StreamStart): void {
    this.owner.connection.addReceiver(this.id, this);
    this.#push(start.bytes, start.end);
    // More may have arrived than was read.
    if (!start.end) this.ready();
  }

  ready(): void {
    const { connection, scratch, guard } = this.owner;
    for (;;) {
      let read: ReturnType<Connection['read']>;
      try {
        read = connection.read(this.id, scratch);
      } catch {
        connection.removeReceiver(this.id);
        guard(() => this.finished());
        return;
      }
      if (!read) return;
      const [length, end] = read;
      if (!guard(() => this.#push(scratch.subarray(0, length), end)) || end) return;
    }
  }

  abstract begin(type: number): Taking;
  abstract whole(type: number, value: Buffer): void;
  abstract piece(type: number, bytes: Buffer): void;
  abstract fail(error: Error): void;
  /** The peer has ended or reset the stream. */
  protected abstract finished(): void;

  #push(bytes: Buffer, end: boolean): void {
    this.#reader.push(bytes);
    if (!end) return;
    this.owner.connection.removeReceiver(this.id);
    if (this.#reader.unfinished) throw new Http3Error(Http3Code.FrameError, 'a frame is cut short');
    this.finished();
  }
}

/** The peer's control stream: its settings, and nothing else of interest. */
export class ControlStream extends FrameStream {
  readonly limit: number = MAX_SETTINGS;
  #hasSettings = false;

  begin(type: number): Taking {
    if (type === FrameType.Settings) {
      if (this.#hasSettings) throw new Http3Error(Http3Code.FrameUnexpected, 'settings came twice');
      this.#hasSettings = true;
      return 'whole';
    }
    if (!this.#hasSettings)
      throw new Http3Error(Http3Code.MissingSettings, 'the first frame is not SETTINGS');
    if (type === FrameType.Data || type === FrameType.Headers) {
      throw new Http3Error(Http3Code.FrameUnexpected, 'the control stream carries a message');
    }
    return 'skip';
  }

  whole(_type: number, value: Buffer): void {
    const settings = new Map<number, number>();
    for (let offset = 0; offset < value.byteLength;) {
      const pair: number[] = [];
      while (pair.length < 2) {
        const number = readVarint(value, offset);
        if (number === undefined) throw new Http3Error(Http3Code.FrameError, 'the settings are cut short');
        offset += varintLength(value[offset]!);
        pair.push(number);
      }
      const [id, setting] = pair as [number, number];
      // 2 to 5 had a meaning in HTTP/2 and must not appear.
      if (settings.has(id) || (id >= 2 && id <= 5)) {
        throw new Http3Error(Http3Code.SettingsError, `setting ${id} must not be here`);
      }
      settings.set(id, setting);
    }
    this.owner.settings(settings);
  }

  piece(): void {}

  fail(): void {}

  protected finished(): void {
    throw new Http3Error(Http3Code.ClosedCriticalStream, 'the control stream ended');
  }
}

/** A stream of QPACK: without a dynamic table it has nothing to say, but must not end. */
export class QpackStream implements Receiver {
  readonly #owner: StreamOwner;
  readonly #id: number;

  constructor(owner: StreamOwner, start: StreamStart) {
    this.#owner = owner;
    this.#id = start.id;
    if (start.end) this.#ended();
    owner.connection.addReceiver(start.id, this);
  }

  ready(): void {
    const { connection, scratch, guard } = this.#owner;
    try {
      for (;;) {
        const read = connection.read(this.#id, scratch);
        if (!read) return;
        if (read[1]) break;
      }
    } catch {
      // A reset ends it as well.
    }
    guard(() => this.#ended());
  }

  fail(): void {}

  #ended(): never {
    throw new Http3Error(Http3Code.ClosedCriticalStream, 'a QPACK stream ended');
  }
}

/** What a message stream tells the session it carries. */
export interface SessionEvents {
  /** The peer closed the session. */
  closedByPeer(code: number, reason: string): void;
  /** The peer asks to end the session soon. */
  drainingByPeer(): void;
}

/** A request and its answer; once accepted, the stream a session is controlled by. */
export class MessageStream extends FrameStream {
  readonly limit: number = MAX_HEADERS;
  /** Takes what concerns the session; set when there is one. */
  session: SessionEvents | undefined;
  /** Called when the stream is over before there is a session. */
  onAbandoned: (error: Error | undefined) => void = () => {};
  readonly #sender: SendStream;
  readonly #capsules: RecordReader;
  #hasHeaders = false;
  #over = false;

  constructor(owner: StreamOwner, id: number) {
    super(owner, id);
    this.#sender = new SendStream(owner.connection, id, Number.MAX_SAFE_INTEGER);
    this.#capsules = new RecordReader({
      limit: MAX_CAPSULE,
      begin: (type) =>
        type === CapsuleType.CloseSession || type === CapsuleType.DrainSession ? 'whole' : 'skip',
      whole: (type, value) => this.#capsule(type, value),
      piece: () => {},
    });
  }

  /** Whether the peer has ended the stream. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends headers, and ends the message with them if asked to. */
  sendHeaders(fields: Fields, end = false): void {
    void this.#sender.write(record(FrameType.Headers, encodeFields(fields)));
    if (end) void this.#sender.finish();
  }

  /** Wants no more of the message. */
  refuse(): void {
    this.owner.connection.stop(this.id, Http3Code.NoError);
  }

  /** Sends the capsule that closes the session, and ends the stream. */
  sendClose(code: number, reason: string): void {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(code >>> 0);
    const capsule = record(CapsuleType.CloseSession, Buffer.concat([value, Buffer.from(reason)]));
    void this.#sender.write(record(FrameType.Data, capsule));
    void this.#sender.finish();
  }

  begin(type: number): Taking {
    switch (type) {
      case FrameType.Headers:
        return this.#hasHeaders ? 'skip' : 'whole';
      case FrameType.Data:
        if (!this.#hasHeaders) throw new Http3Error(Http3Code.FrameUnexpected, 'data comes before headers');
        return 'pieces';
      case FrameType.Settings:
      case FrameType.GoAway:
        throw new Http3Error(Http3Code.FrameUnexpected, `a message has a frame of type ${type}`);
      default:
        return 'skip';
    }
  }

  whole(_type: number, value: Buffer): void {
    let fields: Fields;
    try {
      fields = decodeFields(value);
    } catch (error) {
      throw new Http3Error(Http3Code.QpackDecompressionFailed, String(error));
    }
    // Headers with a status of 1xx come before those that count.
    if (fields.some(([name, text]) => name === ':status' && text.startsWith('1'))) return;
    this.#hasHeaders = true;
    this.owner.headers(this, fields);
  }

  piece(_type: number, bytes: Buffer): void {
    this.#capsules.push(bytes);
  }

  fail(error: Error): void {
    this.#over = true;
    this.onAbandoned(error);
  }

  protected finished(): void {
    this.#over = true;
    if (this.session) this.session.closedByPeer(0, '');
    else this.onAbandoned(undefined);
  }

  #capsule(type: number, value: Buffer): void {
    if (type === CapsuleType.DrainSession) {
      this.session?.drainingByPeer();
    } else {
      if (value.byteLength < 4) throw new Http3Error(Http3Code.MessageError, 'a close capsule has no code');
      this.session?.closedByPeer(value.readUInt32BE(0), value.subarray(4).toString());
    }
  }
}
