// Plain JavaScript, so that any Node can say what is wrong before anything of ours is loaded.
await import('./guard.js');
await import('./main.ts');
