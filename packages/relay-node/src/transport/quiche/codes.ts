import { StreamError } from '@moq/qmux';

/** Error codes of HTTP/3 (RFC 9114, section 8.1) and of WebTransport over it, as they end streams and connections. */
export const Http3Code = {
  NoError: 0x100,
  InternalError: 0x102,
  StreamCreationError: 0x103,
  ClosedCriticalStream: 0x104,
  FrameUnexpected: 0x105,
  FrameError: 0x106,
  ExcessiveLoad: 0x107,
  IdError: 0x108,
  SettingsError: 0x109,
  MissingSettings: 0x10a,
  RequestRejected: 0x10b,
  MessageError: 0x10e,
  QpackDecompressionFailed: 0x200,
  /** A stream came before its session, and there are too many of those. */
  BufferedStreamRejected: 0x3994_bd84,
  /** The session of a stream is over. */
  SessionGone: 0x170d_7b68,
} as const;

/** Types of frames. */
export const FrameType = {
  Data: 0x0,
  Headers: 0x1,
  Settings: 0x4,
  GoAway: 0x7,
  WebTransportStream: 0x41,
} as const;

/** Types of unidirectional streams. */
export const StreamType = {
  Control: 0x0,
  Push: 0x1,
  QpackEncoder: 0x2,
  QpackDecoder: 0x3,
  WebTransport: 0x54,
} as const;

/** Types of capsules (draft-ietf-webtrans-http3, section 6). */
export const CapsuleType = { CloseSession: 0x2843, DrainSession: 0x78ae } as const;

/** Settings; WebTransport has had a new one with nearly every draft. */
export const Setting = {
  QpackMaxTableCapacity: 0x1,
  MaxFieldSectionSize: 0x6,
  QpackBlockedStreams: 0x7,
  EnableConnectProtocol: 0x8,
  Datagrams: 0x33,
  /** Of draft 2. */
  EnableWebTransport: 0x2b60_3742,
  /** Of draft 7. */
  WebTransportMaxSessions: 0xc671_706a,
} as const;

/** Where the codes of applications begin among those of HTTP/3 (draft-ietf-webtrans-http3, section 4.4). */
const FIRST = 0x52e4_a40f_a8db;
const LAST = 0x52e5_ac98_3162;

/** The code of HTTP/3 for an application's code of 32 bits: every 31st is left out, as those mean nothing by design. */
export function toHttpCode(code: number): number {
  return FIRST + code + Math.floor(code / 0x1e);
}

/** The application's code for one of HTTP/3; 0 for those that are not an application's. */
export function fromHttpCode(code: number): number {
  if (code < FIRST || code > LAST || (code - 0x21) % 0x1f === 0) return 0;
  const shifted = code - FIRST;
  return shifted - Math.floor(shifted / 0x1f);
}

/** The code to reset a stream with for the reason somebody gave to `abort()` or `cancel()`: its own, or 0. */
export function reasonCode(reason: unknown): number {
  if (typeof reason !== 'object' || reason === null || !('streamErrorCode' in reason)) return 0;
  return typeof reason.streamErrorCode === 'number' ? reason.streamErrorCode >>> 0 : 0;
}

/** How the native library says that the peer reset a stream or asked to stop it, as the error of that stream. */
export function streamError(thrown: unknown): StreamError | undefined {
  const match = /^Stream(?:Reset|Stopped)\((\d+)\)$/.exec(thrown instanceof Error ? thrown.message : '');
  return match ? new StreamError(fromHttpCode(Number(match[1]))) : undefined;
}
