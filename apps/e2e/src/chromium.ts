import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(environment: NodeJS.ProcessEnv): string | undefined {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(executable);
}

/**
 * The Chromium that browser tests drive: `CHROME_PATH`, else one on PATH, else Debian's package, installed when
 * this process may do so.
 *
 * @throws Error with one line that says what to do, when there is none and none can be had.
 */
export async function provideChromium(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = environment['CHROME_PATH'];
  if (named) {
    if (executable(named)) return named;
    throw new Error(`CHROME_PATH is ${JSON.stringify(named)}, which is not an executable file`);
  }
  const found = onPath(environment);
  if (found) return found;
  const advice = 'browser tests need Chromium: install it, or set CHROME_PATH to its executable';
  if (process.getuid?.() !== 0) throw new Error(advice);
  try {
    process.stderr.write("browser tests need Chromium: installing Debian's package\n");
    const options = { env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 600_000 };
    await run('apt-get', ['update', '-q'], options);
    await run(
      'apt-get',
      ['install', '-q', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
      options,
    );
  } catch (cause) {
    throw new Error(`${advice} (apt-get could not install it)`, { cause });
  }
  const installed = onPath(environment);
  if (!installed) throw new Error(`${advice} (apt-get installed none on PATH)`);
  return installed;
}
