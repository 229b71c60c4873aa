#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Owner } from './define.ts';
import { checkExposition } from './exposition.ts';

/** The most a target may answer. */
const MAX_BYTES = 64 * 1024 * 1024;

const owners: readonly Owner[] = ['relay', 'player', 'collector'];

const program = new Command('moq-metrics')
  .description('The metric schema of moq-observability')
  .showSuggestionAfterError(false)
  .exitOverride();

program
  .command('check')
  .description(
    'hold what a program exposes against the schema; ends with 1 when it differs, with 2 when it cannot be read',
  )
  .argument('<url>', 'where its metrics are, such as http://127.0.0.1:9464/metrics', parseUrl)
  .addOption(
    new Option(
      '--owner <owner...>',
      'whose metrics must be there, and no others (default: those whose metrics are found)',
    ).choices(owners),
  )
  .addOption(
    new Option('--timeout <seconds>', 'how long to wait for an answer')
      .env('MOQ_METRICS_TIMEOUT')
      .default(10)
      .argParser(parseSeconds),
  )
  .action(async (url: URL, { owner, timeout }: { owner?: readonly Owner[]; timeout: number }) => {
    const text = await read(url, timeout);
    const findings = checkExposition(text, owner ? { owner } : {});
    for (const { metric, message } of findings) console.log(metric ? `${metric} ${message}` : message);
    console.log(findings.length === 0 ? `${url.href} is as the schema says` : `${findings.length} findings`);
    process.exitCode = findings.length === 0 ? 0 : 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
}

async function read(url: URL, timeout: number): Promise<string> {
  const signal = AbortSignal.timeout(timeout * 1000);
  try {
    const response = await fetch(url, {
      signal,
      headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5' },
    });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > MAX_BYTES) throw new Error(`it answers more than ${MAX_BYTES} bytes`);
    }
    return text;
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(
      `${url.href} cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`,
      {
        cause: error,
      },
    );
  }
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new InvalidArgumentError('It must be an http or https URL.');
  return new URL(text);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 3600)) throw new InvalidArgumentError('It must be a number of seconds.');
  return seconds;
}
