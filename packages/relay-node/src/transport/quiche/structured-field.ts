/** Longer lists of protocols than this are not looked at. */
const MAX_LENGTH = 2048;
const MAX_ITEMS = 32;

/** A string (RFC 9651, section 3.3.3) with its parameters, which nobody here has a use for. */
const ITEM =
  /[ \t]*"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?:;[^,";]*(?:"[^"]*"[^,";]*)?)*[ \t]*(?:,|$)/y;

/**
 * The strings of a list such as `"moq-lite-05", "moq-lite-04"`. A field that is not such a list counts as absent,
 * as structured fields ask for.
 */
export function parseStringList(field: string | undefined): readonly string[] {
  if (field === undefined || field.length > MAX_LENGTH) return [];
  const strings: string[] = [];
  ITEM.lastIndex = 0;
  while (ITEM.lastIndex < field.length) {
    const match = ITEM.exec(field);
    if (!match || strings.length === MAX_ITEMS) return [];
    strings.push(match[1]!.replaceAll(/\\(["\\])/g, '$1'));
  }
  // A comma must be followed by another item.
  return field.trimEnd().endsWith(',') ? [] : strings;
}

/** A string as it stands in a structured field. */
export function quoteString(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
