// Takes the pictures of the docs from the running stack: `pnpm --filter e2e screenshots`.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, moves } from './browser.ts';
import { setup } from './global-setup.ts';
import { root } from './process.ts';
import { startStack } from './stack.ts';

const folder = join(root, 'docs/images');
await mkdir(folder, { recursive: true });
await setup();
await using stack = await startStack({ environment: { MOQ_DEV_VIEWERS: '2' } });
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(stack.player);
  await moves(page);
  await page.waitForTimeout(5_000);
  await page.screenshot({ path: join(folder, 'player.png') });
} finally {
  await browser.close();
}
