/** Whatever could break a line, hide, or turn the direction of what follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from a peer, fit to be read in a log: on one line, without hidden characters, at most `limit` of them. */
export function printable(text: string, limit = 256): string {
  // Cut first, so that a megabyte is not worked through for a line.
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replace(UNPRINTABLE, '\ufffd');
}
