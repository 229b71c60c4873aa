import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that people and machines read alike. */
const summary: Reporter = {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
        if (test.diagnostic()?.flaky) console.log(`passed at a second try only: ${test.fullName}`);
      }
    }
    const skipped = count.skipped + count.pending;
    console.log(`${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  },
};

/** A busy machine can make real servers and browsers miss their time once; the end of the run names each such test. */
const retry = process.env['CI'] ? 1 : 0;

// Servers and commands that tests start take half the time to start when what was compiled is kept.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('.cache/compiled', import.meta.url));

const workspaces = ['packages', 'apps'].flatMap((group) =>
  readdirSync(new URL(`./${group}`, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ name: `@moq-observability/${entry.name}`, root: `./${group}/${entry.name}` })),
);

export default defineConfig({
  test: {
    reporters: ['default', summary],
    // Most of them wait for servers most of the time.
    maxWorkers: 3,
    projects: [
      ...workspaces.map(({ name, root }) => ({
        root,
        test: {
          name,
          include: ['src/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
          testTimeout: 20_000,
          // To start each file anew takes as long as many of them run. They leave nothing behind that others see.
          isolate: false,
          retry,
          sequence: { groupOrder: 0 },
        },
      })),
      {
        test: {
          // Everything that drives a browser or the whole stack: one file at a time, after the rest.
          name: 'browser',
          globalSetup: './apps/e2e/src/global-setup.ts',
          include: ['{packages,apps}/*/src/**/*.browser.test.ts'],
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          retry,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
