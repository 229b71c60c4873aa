/** Longest an answer is waited for, in milliseconds. */
const PATIENCE = 1_000;

/** Whether an address answers, and with success. */
export async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  return (await textOf(url, signal)) !== undefined;
}

/** The sum of all samples of a metric on a metrics page; 0 when there are none, or no page. */
export async function sumOfSamples(url: string, metric: string, signal: AbortSignal): Promise<number> {
  let sum = 0;
  for (const line of (await textOf(url, signal))?.split('\n') ?? []) {
    if (line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
      sum += Number(line.slice(line.lastIndexOf(' ')));
  }
  return sum;
}

async function textOf(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined; // Not there yet.
  }
}
