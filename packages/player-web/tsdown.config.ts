import type { UserConfig } from 'tsdown';

const config: UserConfig = {
  entry: ['src/index.ts', 'src/element.ts', 'src/webcodecs.ts'],
  format: 'esm',
  platform: 'browser',
  dts: true,
  fixedExtension: false,
};

export default config;
