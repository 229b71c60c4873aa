import type { UserConfig } from 'tsdown';

const config: UserConfig = {
  entry: ['src/index.ts', 'src/files.ts'],
  format: 'esm',
  platform: 'node',
  dts: true,
  fixedExtension: false,
};

export default config;
