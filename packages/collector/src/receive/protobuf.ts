import protobuf from 'protobufjs';
import type { Tree } from './checked.ts';
import { OTLP_PROTO } from './otlp-proto.ts';
import { Refused } from './refused.ts';
import type { Signal } from './signals.ts';

/** How decoded messages are shaped: like OTLP's JSON, but for bytes. */
const LIKE_JSON: protobuf.IConversionOptions = { longs: String };

/** OTLP in Protobuf. */
export class OtlpProtobuf {
  readonly #requests: Readonly<Record<Signal, protobuf.Type>>;
  readonly #answer: protobuf.Type;
  readonly #failure: protobuf.Type;

  constructor() {
    const { root } = protobuf.parse(OTLP_PROTO);
    this.#requests = {
      metrics: root.lookupType('MetricsRequest'),
      traces: root.lookupType('TracesRequest'),
      logs: root.lookupType('LogsRequest'),
    };
    this.#answer = root.lookupType('Answer');
    this.#failure = root.lookupType('Failure');
  }

  /**
   * Decodes a request into the shape of its JSON: 64-bit integers are text, bytes stay bytes.
   *
   * @throws Refused 400 when it is no Protobuf
   */
  decode(signal: Signal, bytes: Uint8Array): Tree {
    const type = this.#requests[signal];
    try {
      return type.toObject(type.decode(bytes), LIKE_JSON);
    } catch (cause) {
      // The decoder throws plain errors and RangeErrors alike, at whatever the bytes made it do.
      throw new Refused(400, 'the body is not Protobuf', { cause });
    }
  }

  /** The answer to a request that was taken, in part or whole. */
  answer(rejected: number, errorMessage: string): Uint8Array {
    const partialSuccess = rejected > 0 || errorMessage !== '' ? { rejected, errorMessage } : undefined;
    return this.#answer.encode(partialSuccess ? { partialSuccess } : {}).finish();
  }

  /** The answer to a request that was not taken: a `google.rpc.Status`. */
  failure(code: number, message: string): Uint8Array {
    return this.#failure.encode({ code, message }).finish();
  }
}
