import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin, type UserConfig } from 'vite';

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

/** Says that the port is taken in one line that tells how to move it. */
const readablePortError: Plugin = {
  name: 'readable-port-error',
  configureServer(server) {
    const listen = server.listen.bind(server);
    server.listen = async (...args) => {
      try {
        return await listen(...args);
      } catch (error) {
        const { port } = server.config.server;
        if (!(error instanceof Error) || !error.message.includes('already in use')) throw error;
        return refuse(`port ${port} is taken: set MOQ_PLAYER_PORT to another`);
      }
    };
  },
};

/** The demo page. It is told where the relay and the collector are; what it is not told it takes from its own URL. */
const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('demo', import.meta.url)),
  plugins: [readablePortError],
  server: {
    host: '127.0.0.1',
    port: portFrom('MOQ_PLAYER_PORT', 5173),
    strictPort: true,
    warmup: { clientFiles: ['./main.ts'] },
  },
  clearScreen: false,
  // Bundled before the first page asks, so that it starts as fast as the ones after it.
  optimizeDeps: {
    include: [
      '@moq/watch',
      '@moq/watch/element',
      '@opentelemetry/api',
      '@opentelemetry/otlp-transformer',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-logs',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-trace',
    ],
  },
  define: {
    MOQ_PLACES: JSON.stringify({
      relayUrl: process.env['MOQ_RELAY_URL'] ?? '',
      relayPort: portFrom('MOQ_RELAY_PORT', 4443),
      collectorUrl: process.env['MOQ_COLLECTOR_URL'] ?? '',
      collectorPort: portFrom('MOQ_COLLECTOR_PORT', 4318),
    }),
  },
});

export default config;
