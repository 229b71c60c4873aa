/**
 * What the protocol layer says when a peer broke the protocol. It gives up the stream and goes on with the session;
 * other reasons to give up a stream are everyday life. Checked by the tests, message by message.
 */
const VIOLATION = new RegExp(
  [
    '^unknown (stream|announce message|subscribe response|message parameter|control message|subscription|group)',
    '^duplicate (session|parameter|message parameter|announce|LOCATION)',
    '^unexpected (end of stream|empty chunk|message|stream type)',
    '^(invalid|unsupported|truncated|trailing bytes|too many|hop|path exceeds|namespace exceeds) ',
    '^(read size|value larger|message decoding|object IDs|filter range|track timescale|subgroup)',
  ].join('|'),
  'i',
);

/** What the protocol layer gives up a request with that names a broadcast it has not been given. */
const UNKNOWN = 'not found';

/** Whether an error says that the peer broke the protocol. */
export function isViolation(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  // Text that is no UTF-8 fails in the decoder, which is not of the protocol layer.
  const code = 'code' in error ? error.code : undefined;
  return (
    error.name === 'ProtocolViolation' ||
    code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ||
    (error.name === 'Error' && VIOLATION.test(error.message))
  );
}

/** The part of a session's transport that is watched. */
type Watched = Pick<
  WebTransport,
  'incomingBidirectionalStreams' | 'incomingUnidirectionalStreams' | 'createBidirectionalStream'
>;

/** Who is told of what the protocol layer keeps to itself. */
export interface StreamWatch {
  /** The peer broke the protocol. */
  violated(violation: Error): void;
  /** The peer asked for a broadcast that is not there, and was told so this many milliseconds after it came. */
  unknown(milliseconds: number): void;
}

/**
 * Notices why the protocol layer gives up streams: it aborts or cancels them with an error. Call it before the protocol
 * layer gets the transport.
 */
export function watchStreams(transport: Watched, watch: StreamWatch): void {
  const check = (reason: unknown): void => {
    if (isViolation(reason)) watch.violated(reason);
  };
  const watchPair = (pair: WebTransportBidirectionalStream, answered?: (reason: unknown) => void): void => {
    watchReadable(pair.readable, check);
    replace(pair.writable, 'getWriter', (getWriter) => () => {
      const writer = getWriter();
      replace(writer, 'abort', (abort) => (reason?: unknown) => {
        check(reason);
        answered?.(reason);
        return abort(reason);
      });
      return writer;
    });
  };
  watchIncoming(transport.incomingBidirectionalStreams, (pair) => {
    const openedAt = performance.now();
    watchPair(pair, (reason) => {
      const isUnknown = reason instanceof Error && reason.message === UNKNOWN;
      if (isUnknown) watch.unknown(performance.now() - openedAt);
    });
  });
  watchIncoming(transport.incomingUnidirectionalStreams, (stream) => watchReadable(stream, check));
  replace(transport, 'createBidirectionalStream', (create) => async (options) => {
    const pair = await create(options);
    watchPair(pair);
    return pair;
  });
}

function watchIncoming<T>(streams: ReadableStream<T>, watch: (stream: T) => void): void {
  const getReader = streams.getReader.bind(streams) as () => ReadableStreamDefaultReader<T>;
  Object.defineProperty(streams, 'getReader', {
    value: () => {
      const reader = getReader();
      replace(reader, 'read', (read) => async () => {
        const result = await read();
        if (!result.done) watch(result.value);
        return result;
      });
      return reader;
    },
  });
}

function watchReadable(stream: ReadableStream<unknown>, check: (reason: unknown) => void): void {
  const getReader = stream.getReader.bind(stream) as () => ReadableStreamDefaultReader<unknown>;
  Object.defineProperty(stream, 'getReader', {
    value: () => {
      const reader = getReader();
      replace(reader, 'cancel', (cancel) => (reason?: unknown) => {
        check(reason);
        return cancel(reason);
      });
      return reader;
    },
  });
}

/** Puts a function in the place of a method; it is given the method, bound. */
function replace<T, K extends keyof T>(target: T, method: K, wrap: (original: T[K]) => T[K]): void {
  const original = target[method] as (...values: never[]) => unknown;
  target[method] = wrap(original.bind(target) as T[K]);
}
