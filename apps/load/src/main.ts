#!/usr/bin/env node
import { replacePromiseRace } from '@moq-observability/relay-node/client';
import { makeLogger, routeConsole, stopSignal, tolerateRejections } from './cli/process.ts';
import { runProgram } from './cli/program.ts';

// Package managers hand on the dashes that end their own options.
const [first, ...rest] = process.argv.slice(2);

// Publishers run for days, and would take more memory with every group.
replacePromiseRace();

process.exitCode = await runProgram(
  first === '--' ? rest : process.argv.slice(2),
  (logLevel) => {
    const log = makeLogger(logLevel);
    routeConsole(log);
    tolerateRejections(log);
    return {
      log,
      signal: stopSignal(),
      result: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    };
  },
  (text) => void process.stderr.write(text),
);
