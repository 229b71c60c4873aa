import type { OtlpContentType } from '../forward/forward.ts';
import type { OtlpProtobuf } from './protobuf.ts';
import { REJECTED_FIELD, type Signal } from './signals.ts';

/** A request is answered in its own encoding. */
export type AnswerFormat = OtlpContentType;

/** The codes of `google.rpc.Code` for the statuses that are answered. */
const CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
};

/** The body of the answer to a request that was taken, in part or whole. */
export function partialAnswer(
  signal: Signal,
  format: AnswerFormat,
  rejected: number,
  errorMessage: string,
  protobuf: OtlpProtobuf,
): string | Uint8Array {
  if (format === 'application/x-protobuf') return protobuf.answer(rejected, errorMessage);
  if (rejected === 0) return '{}';
  // A 64-bit integer is a string in Protobuf's JSON.
  return JSON.stringify({ partialSuccess: { [REJECTED_FIELD[signal]]: String(rejected), errorMessage } });
}

/** The body of the answer to a request that was not taken: a `google.rpc.Status`. */
export function failureAnswer(
  status: number,
  message: string,
  format: AnswerFormat,
  protobuf: OtlpProtobuf,
): string | Uint8Array {
  const code = CODES[status] ?? 2;
  return format === 'application/x-protobuf'
    ? protobuf.failure(code, message)
    : JSON.stringify({ code, message });
}
