import type { UserConfig } from 'tsdown';

const config: UserConfig = {
  entry: {
    index: 'src/index.ts',
    api: 'src/api/types.ts',
    main: 'src/main.ts',
    // Started as a process of its own, which looks for it beside what starts it.
    'chdb-child': 'src/store/chdb-child.ts',
  },
  format: 'esm',
  platform: 'node',
  dts: true,
  fixedExtension: false,
};

export default config;
