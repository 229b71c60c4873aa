import { provideChromium } from './chromium.ts';

/** Runs once before the browser tests: from here on `CHROME_PATH` names a browser. */
export async function setup(): Promise<void> {
  process.env['CHROME_PATH'] = await provideChromium();
}
