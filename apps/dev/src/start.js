// Plain JavaScript, so that any Node can say what is wrong before anything of ours is loaded.
await import('./guard.js');
const { fileURLToPath } = await import('node:url');
// All that is started from here keeps what it compiled: the next start takes half the time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../../.cache/compiled', import.meta.url));
const { enableCompileCache } = await import('node:module');
enableCompileCache();
await import('./main.ts');
