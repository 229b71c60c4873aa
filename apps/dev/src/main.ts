import { fileURLToPath } from 'node:url';
import { Argument, Command, CommanderError } from 'commander';
import { NativeUnavailableError, nativeTools, provideNative } from './backends/native.ts';

/** Where what was unpacked stays between runs. */
const cache = fileURLToPath(new URL('../../../.cache/native', import.meta.url));

const program = new Command('moq-dev').description('Starts the whole stack for development').exitOverride();

program
  .command('backend')
  .description("print the path of a backend's executable, getting it first when it is not there")
  .addArgument(new Argument('<tool>', 'which one').choices(nativeTools))
  .action(async (tool: (typeof nativeTools)[number]) => {
    const { path } = await provideNative(tool, { cache, onProgress: (line) => console.error(line) });
    console.log(path);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof NativeUnavailableError) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
