import type { UserConfig } from 'tsdown';

const config: UserConfig = {
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'browser',
  dts: true,
  fixedExtension: false,
};

export default config;
