import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfigFnPromise } from 'vite';

const HOST = '127.0.0.1';

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable] || String(fallback);
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  return refuse(`${variable} must be a port number from 0 to 65535, not ${JSON.stringify(text)}`);
}

function refuse(reason: string): never {
  process.stderr.write(`player: ${reason}\n`);
  process.exit(2);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

/** The demo page. It is told where the relay and the collector are; what it is not told it takes from its own URL. */
const config: UserConfigFnPromise = defineConfig(async ({ command, isPreview }) => {
  const port = portFrom('MOQ_PLAYER_PORT', 5173);
  if (command === 'serve' && !isPreview && !(await isFree(port))) {
    refuse(`port ${port} is taken: set MOQ_PLAYER_PORT to another`);
  }
  return {
    root: fileURLToPath(new URL('demo', import.meta.url)),
    server: { host: HOST, port, strictPort: true },
    clearScreen: false,
    define: {
      MOQ_PLACES: JSON.stringify({
        relayUrl: process.env['MOQ_RELAY_URL'] ?? '',
        relayPort: portFrom('MOQ_RELAY_PORT', 4443),
        collectorUrl: process.env['MOQ_COLLECTOR_URL'] ?? '',
        collectorPort: portFrom('MOQ_COLLECTOR_PORT', 4318),
      }),
    },
  };
});

export default config;
