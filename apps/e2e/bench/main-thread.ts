import type { Page } from 'playwright-core';

/** A profile as `Profiler.stop` of the Chrome DevTools Protocol gives it, as far as it is read here. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  /** Microseconds from each sample to the one before it. */
  readonly timeDeltas?: readonly number[];
}

/** From one look at what runs to the next, in microseconds. */
const SAMPLING = 500;

/**
 * How much of a page's main thread went into some of its scripts, and all that they called, within so many seconds: the
 * share of its samples, of the time it had a processor. By the clock alone a busy machine would count as work.
 *
 * @param scripts by their URLs
 * @returns `inScripts` in milliseconds
 */
export async function mainThread(
  page: Page,
  scripts: ReadonlySet<string>,
  seconds: number,
): Promise<{ readonly inScripts: number; readonly seconds: number }> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Profiler.enable');
  await devtools.send('Profiler.setSamplingInterval', { interval: SAMPLING });
  await devtools.send('Performance.enable');
  const threadTime = async (): Promise<number> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'ThreadTime')!.value * 1000;
  };
  await devtools.send('Profiler.start');
  const before = await threadTime();
  const started = performance.now();
  await page.waitForTimeout(seconds * 1000);
  const took = (performance.now() - started) / 1000;
  const worked = (await threadTime()) - before;
  const { profile } = (await devtools.send('Profiler.stop')) as { readonly profile: Profile };
  await devtools.detach();
  const inside = insideOf(profile, scripts);
  const idle = new Set(
    profile.nodes.flatMap(({ id, callFrame }) => (callFrame.functionName === '(idle)' ? [id] : [])),
  );
  const share = timeOf(profile, (node) => inside.has(node)) / timeOf(profile, (node) => !idle.has(node));
  return { inScripts: worked * share, seconds: took };
}

/** The time spent in some of the nodes, in microseconds: a sample stands for the time up to the next one. */
function timeOf({ samples = [], timeDeltas = [] }: Profile, isWanted: (node: number) => boolean): number {
  return samples.reduce(
    (total, node, i) => total + (isWanted(node) ? Math.max(0, timeDeltas[i + 1] ?? 0) : 0),
    0,
  );
}

/** The nodes of a profile that are functions of some scripts, or were called by them. */
function insideOf({ nodes }: Profile, scripts: ReadonlySet<string>): ReadonlySet<number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const inside = new Set<number>();
  const enter = (id: number): void => {
    if (inside.has(id)) return;
    inside.add(id);
    for (const child of byId.get(id)?.children ?? []) enter(child);
  };
  for (const { id, callFrame } of nodes) if (scripts.has(callFrame.url)) enter(id);
  return inside;
}
