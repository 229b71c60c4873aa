import { once } from 'node:events';

import { Command } from 'commander';

import { LoadError } from '../error.ts';
import { openProxyControl } from '../proxy/control.ts';
import { createFaultProxy } from '../proxy/fault-proxy.ts';
import type { Faults } from '../proxy/faults.ts';
import { environmentVariable, parseList, setting } from './options.ts';
import type { Surroundings } from './process.ts';
import {
  type CutPlan,
  type Endpoint,
  parseCut,
  parseDuration,
  parseEndpoint,
  parseInteger,
  parsePercent,
  parseRate,
} from './quantities.ts';

interface ProxySettings extends Faults {
  readonly listen: Endpoint;
  readonly target: Endpoint;
  readonly cut: readonly CutPlan[];
  readonly control?: Endpoint;
  readonly seed: number;
}

const PREFIX = 'MOQ_LOAD_PROXY';

/** `moq-load proxy` */
export function proxyCommand(surroundings: () => Surroundings): Command {
  return new Command('proxy')
    .description(
      'A path with faults, for UDP and TCP on one port. Faults are the same each way. TCP loses nothing: there loss ' +
        'does nothing, and during a cut it stands still. What went through goes to stdout at the end.',
    )
    .addOption(
      setting(PREFIX, '--listen <address>', 'where to listen', parseEndpoint).default(
        { host: '127.0.0.1', port: 5443 },
        '127.0.0.1:5443',
      ),
    )
    .addOption(
      setting(PREFIX, '--target <address>', 'where to forward to', parseEndpoint).default(
        { host: '127.0.0.1', port: 4443 },
        '127.0.0.1:4443',
      ),
    )
    .addOption(setting(PREFIX, '--loss <percent>', 'UDP packets to lose', parsePercent).default(0, '0%'))
    .addOption(
      setting(PREFIX, '--delay <time>', 'how much longer everything takes', parseDuration).default(0, '0ms'),
    )
    .addOption(
      setting(PREFIX, '--jitter <time>', 'up to how much longer at random', parseDuration).default(0, '0ms'),
    )
    .addOption(
      setting(PREFIX, '--rate <rate>', 'how much gets through, such as 2Mbit (default: all)', parseRate),
    )
    .addOption(
      setting(
        PREFIX,
        '--cut <plans>',
        'let nothing through for a while: 3s at once, 3s@10s,1s@30s later',
        (text) => parseList(text).map(parseCut),
      ).default([], 'never'),
    )
    .addOption(
      setting(PREFIX, '--control <address>', 'HTTP port to change all that while it runs', parseEndpoint),
    )
    .addOption(
      setting(PREFIX, '--seed <number>', 'chance is the same for the same seed', (text) =>
        parseInteger(text, 0, 2 ** 32 - 1),
      ).default(1),
    )
    .action(async (settings: ProxySettings) => {
      const { log, signal, result } = surroundings();
      const { listen, target, cut, control, seed, loss, delay, jitter, rate } = settings;
      await using proxy = await createFaultProxy({
        listen,
        target,
        seed,
        faults: { loss, delay, jitter, rate },
      }).catch((error: unknown) => {
        throw advise(error, '--listen');
      });
      await using controlPort =
        control &&
        (await openProxyControl(proxy, control).catch((error: unknown) => {
          throw advise(error, '--control');
        }));
      const timers = cut.map(({ duration, start }) => setTimeout(() => proxy.cut(duration), start));
      log.info(
        { address: proxy.address, target, faults: proxy.faults, control: controlPort?.address },
        'forwarding',
      );
      if (!signal.aborted) await once(signal, 'abort');
      for (const timer of timers) clearTimeout(timer);
      result(proxy.stats());
    });
}

/** Of a taken port, says what moves it. */
function advise(error: unknown, flag: string): unknown {
  if (!(error instanceof LoadError) || error.code !== 'port') return error;
  const message = `${error.message}: choose another with ${flag} or ${environmentVariable(PREFIX, flag.slice(2))}`;
  return new LoadError('port', message, { cause: error });
}
