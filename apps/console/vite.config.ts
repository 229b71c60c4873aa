import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type ProxyOptions, type UserConfig } from 'vite';

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable] || String(fallback);
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  return refuse(`${variable} must be a port number from 0 to 65535, not ${JSON.stringify(text)}`);
}

function refuse(reason: string): never {
  process.stderr.write(`console: ${reason}\n`);
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
        return refuse(`port ${port} is taken: set MOQ_CONSOLE_PORT to another`);
      }
    };
  },
};

const collector = `http://127.0.0.1:${portFrom('MOQ_COLLECTOR_OPS_PORT', 8889)}`;

/** Passes a request on to the collector, and says so as the collector would when it is not there. */
const toCollector: ProxyOptions = {
  target: collector,
  configure: (proxy) => {
    proxy.on('error', (_error, _request, response) => {
      if (!('writeHead' in response) || response.headersSent) {
        response.end();
        return;
      }
      response.writeHead(504, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({ type: 'about:blank', title: 'the collector does not answer', status: 504 }),
      );
    });
  },
};

/** The console: a page that asks the collector, which serves the built files itself. */
const config: UserConfig = defineConfig({
  plugins: [react(), readablePortError],
  server: {
    host: '127.0.0.1',
    port: portFrom('MOQ_CONSOLE_PORT', 4000),
    strictPort: true,
    proxy: Object.fromEntries(
      ['/api', '/health', '/prometheus', '/alertmanager'].map((path) => [path, toCollector]),
    ),
    warmup: { clientFiles: ['./src/main.tsx'] },
  },
  clearScreen: false,
  define: {
    // The page links to the same session in Grafana where one is named.
    MOQ_GRAFANA_URL: JSON.stringify(process.env['MOQ_GRAFANA_URL'] ?? ''),
  },
});

export default config;
