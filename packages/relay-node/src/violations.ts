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

/**
 * Notices when the protocol layer gives up a stream because the peer broke the protocol: it aborts or cancels the
 * stream with the error. Call it before the protocol layer gets the transport.
 */
export function watchViolations(transport: Watched, report: (violation: Error) => void): void {
  const check = (reason: unknown): void => {
    if (isViolation(reason)) report(reason);
  };
  const watchPair = (pair: WebTransportBidirectionalStream): void => {
    watchReadable(pair.readable, check);
    replace(pair.writable, 'getWriter', (getWriter) => () => {
      const writer = getWriter();
      replace(writer, 'abort', (abort) => (reason?: unknown) => {
        check(reason);
        return abort(reason);
      });
      return writer;
    });
  };
  watchIncoming(transport.incomingBidirectionalStreams, watchPair);
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
