/** Which report of which session: the `Moq-Report` header. */
export interface ReportId {
  readonly session: string;
  /** Counts a session's reports from 1; the same on every retry of one. */
  readonly sequence: number;
}

const SESSION = /^[0-9A-Za-z-]{8,64}$/;
const HEADER = /^([0-9A-Za-z-]{8,64})\/([1-9]\d{0,14})$/;

/** Whether text is the id of a session: a UUID, or what looks like one. */
export function isSessionId(text: string): boolean {
  return SESSION.test(text);
}

/** Reads a `Moq-Report` header: `<session id>/<sequence number>`; `undefined` when it is none. */
export function parseReportId(header: string): ReportId | undefined {
  const match = HEADER.exec(header);
  return match ? { session: match[1]!, sequence: Number(match[2]) } : undefined;
}
