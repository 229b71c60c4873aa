const MAX_REASON_BYTES = 1024;

/** `address:port`, with brackets around an IPv6 address. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A close reason cut to the 1,024 bytes that WebTransport allows, at the end of a character. */
export function truncateReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.byteLength <= MAX_REASON_BYTES) return reason;
  // A character cut in half is left out by the decoder in streaming mode.
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true });
}
