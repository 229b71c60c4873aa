/** What series are called. */

type Labels = Readonly<Record<string, string>>;

/** A legend of the model with the labels of a series put in: `{{label}}` stands for a label's value. */
export function legendOf(legend: string, labels: Labels): string {
  return legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '');
}

/** What a series is called when no legend says: its labels. */
export function seriesName(labels: Labels): string {
  const told = Object.entries(labels).filter(([name]) => name !== '__name__');
  // Of a stream its path says enough.
  const shown = 'broadcast' in labels ? told.filter(([name]) => name !== 'namespace') : told;
  return shown.length === 0 ? 'all' : shown.map(([name, value]) => `${name} ${value}`).join(', ');
}
