import type { UserConfig } from 'tsdown';

const config: UserConfig = {
  entry: ['src/index.ts', 'src/exposition.ts', 'src/main.ts', 'src/merge.ts', 'src/prometheus.ts'],
  format: 'esm',
  platform: 'neutral',
  dts: true,
  fixedExtension: false,
};

export default config;
