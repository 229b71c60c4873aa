/** A row of the table: what runs, where, and how it is. */
export interface TableRow {
  readonly what: string;
  readonly url: string;
  readonly state: string;
}

/** The table of what runs, with columns as wide as they need to be. */
export function renderTable(rows: readonly TableRow[]): string {
  const cells = [['what', 'URL', 'state'], ...rows.map(({ what, url, state }) => [what, url, state])];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].map((line) => `  ${line}`).join('\n');
}
