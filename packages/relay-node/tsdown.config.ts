import type { UserConfig } from 'tsdown';

const config: UserConfig = {
  entry: {
    client: 'src/client.ts',
    index: 'src/index.ts',
    main: 'src/main.ts',
    // Started as a thread, which is looked for beside what starts it.
    'export-worker': 'src/telemetry/export-worker.ts',
  },
  format: 'esm',
  platform: 'node',
  dts: true,
  fixedExtension: false,
};

export default config;
