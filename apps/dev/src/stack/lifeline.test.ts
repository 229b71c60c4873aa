import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-lifeline-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('notices when the pnpm above it is killed', async () => {
  const script = join(folder, 'below.ts');
  const lifeline = fileURLToPath(new URL('lifeline.ts', import.meta.url));
  await writeFile(
    script,
    `import { launcherGone } from ${JSON.stringify(lifeline)};
     const gone = launcherGone(AbortSignal.timeout(15_000));
     await new Promise((resolve) => setTimeout(resolve, 500));
     console.log('up');
     await gone;
     console.log('gone');`,
  );
  // A shell by the name of pnpm, with a shell below it, as pnpm runs scripts.
  await symlink('/bin/sh', join(folder, 'pnpm'));
  const pnpm = spawn(join(folder, 'pnpm'), ['-c', `sh -c '"${process.execPath}" "${script}"; true'; true`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const lines = createInterface({ input: pnpm.stdout });
  const [first] = await once(lines, 'line');
  expect(first).toBe('up');
  const killed = performance.now();
  pnpm.kill('SIGKILL');
  const [second] = await once(lines, 'line');
  expect(second).toBe('gone');
  expect(performance.now() - killed).toBeLessThan(10_000);
});
