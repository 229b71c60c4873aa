/** What it costs to run relays. */
import { relay, stack } from '@moq-observability/moq-metrics';
import type { Row } from '../../model/dashboard.ts';
import { avg, sum } from '../../query/aggregate.ts';
import { minus, ratio } from '../../query/arithmetic.ts';
import { quantile } from '../../query/histogram.ts';
import { noneOf } from '../../query/match.ts';
import { rates } from '../../query/rate.ts';
import { RATE_INTERVAL } from '../../query/query.ts';
import { now, select } from '../../query/select.ts';
import { ofRelays, relayJobs, timeseries } from '../panels.ts';

const byMachine = ['instance'] as const;
const WITHOUT_NODE_EXPORTER = 'Machines are seen only where node_exporter runs.';

export const process: Row = {
  title: 'Process',
  panels: [
    timeseries({
      name: 'event-loop',
      title: 'Event loop',
      description: 'How late the relay gets to what it has to do, p50 and p99: below 20 ms is good.',
      unit: 's',
      lines: [
        { query: select(stack.nodejsEventLoopLagP50Seconds, relayJobs), legend: '{{instance}} p50' },
        { query: select(stack.nodejsEventLoopLagP99Seconds, relayJobs), legend: '{{instance}} p99' },
      ],
      thresholds: { worse: 'above', warning: 0.05, critical: 0.1 },
      watched: {
        alerts: ['EventLoopLag'],
        nextSteps:
          'With the CPU at one core: it is full. Without: garbage collection, or a scrape that is too large.',
      },
    }),
    timeseries({
      name: 'cpu',
      title: 'CPU',
      description: 'Processor time of each relay. Node runs on one core: 1 is full.',
      unit: 'cores',
      lines: [
        {
          query: sum(rates(select(stack.processCpuSeconds, relayJobs), RATE_INTERVAL), byMachine),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.7, critical: 0.9 },
      watched: {
        alerts: ['EventLoopLag'],
        nextSteps: 'Add a relay, or move viewers, before it is full.',
      },
    }),
    timeseries({
      name: 'memory',
      title: 'Memory',
      description:
        'Resident, and the part of it that is the heap of JavaScript. Growth without end is a leak or a backlog.',
      unit: 'By',
      lines: [
        { query: select(stack.processResidentMemoryBytes, relayJobs), legend: '{{instance}} resident' },
        { query: select(stack.nodejsHeapUsedBytes, relayJobs), legend: '{{instance}} heap used' },
        { query: select(stack.nodejsHeapTotalBytes, relayJobs), legend: '{{instance}} heap' },
      ],
      watched: { noAlert: 'A backlog has an alert; a leak shows in days.' },
    }),
    timeseries({
      name: 'file-descriptors',
      title: 'File descriptors in use',
      description: 'Each WebSocket takes one; at 100 % nobody can connect any more.',
      unit: 'ratio',
      lines: [
        {
          query: ratio(
            sum(select(stack.processOpenFds, relayJobs), byMachine),
            sum(select(stack.processMaxFds, relayJobs), byMachine),
          ),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.7, critical: 0.9 },
      watched: {
        noAlert:
          'At its limit a relay counts errors at `accept`, and viewers fail to start, which has an alert.',
        nextSteps: 'Raise the limit of open files of the process.',
      },
    }),
    timeseries({
      name: 'uptime',
      title: 'Running since',
      description: 'Seconds since each relay started. A drop to zero is a restart.',
      unit: 's',
      lines: [
        { query: minus(now(), select(stack.processStartTimeSeconds, relayJobs)), legend: '{{instance}}' },
      ],
      watched: { noAlert: 'A relay that keeps dying is down in between, which has an alert.' },
    }),
    timeseries({
      name: 'scrape-duration',
      title: 'Time to render metrics, p99',
      description: 'It runs on the same event loop as everything else: below 25 ms is good.',
      unit: 's',
      lines: [
        {
          query: quantile(0.99, relay.scrapeDuration, { by: byMachine, where: ofRelays }),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.05, critical: 0.2 },
      watched: {
        alerts: ['SeriesOverflow'],
        nextSteps: 'Fewer series: namespaces over several relays.',
      },
    }),
  ],
};

export const machine: Row = {
  title: 'Machine',
  folded: true,
  panels: [
    timeseries({
      name: 'machine-cpu',
      title: 'Processors in use',
      description: 'Over all cores of each machine.',
      unit: 'ratio',
      lines: [
        {
          query: minus(
            1,
            avg(rates(select(stack.nodeCpuSeconds, { mode: 'idle' }), RATE_INTERVAL), byMachine),
          ),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.8 },
      watched: {
        alerts: ['HighCPUUsage'],
        nextSteps: 'Plan for another machine; viewers do not feel it yet.',
      },
      emptyWhenHealthy: WITHOUT_NODE_EXPORTER,
    }),
    timeseries({
      name: 'machine-load',
      title: 'Load',
      description: 'Processes that run or wait, on average over a minute.',
      unit: 'count',
      lines: [{ query: select(stack.nodeLoad1), legend: '{{instance}}' }],
      watched: { noAlert: 'The processors in use say the same.' },
      emptyWhenHealthy: WITHOUT_NODE_EXPORTER,
    }),
    timeseries({
      name: 'machine-memory',
      title: 'Memory in use',
      description: 'Part of the memory of each machine that is not available for more.',
      unit: 'ratio',
      lines: [
        {
          query: minus(
            1,
            ratio(
              sum(select(stack.nodeMemoryAvailableBytes), byMachine),
              sum(select(stack.nodeMemoryTotalBytes), byMachine),
            ),
          ),
          legend: '{{instance}}',
        },
      ],
      thresholds: { worse: 'above', warning: 0.8, critical: 0.95 },
      watched: { noAlert: 'What a relay holds back has an alert.', nextSteps: 'See which process it is.' },
      emptyWhenHealthy: WITHOUT_NODE_EXPORTER,
    }),
    timeseries(
      {
        name: 'machine-network',
        title: 'Network',
        description: 'All devices but the loopback.',
        unit: 'By/s',
        lines: [
          {
            query: sum(
              rates(select(stack.nodeNetworkReceiveBytes, { device: noneOf('lo') }), RATE_INTERVAL),
              byMachine,
            ),
            legend: '{{instance}} in',
          },
          {
            query: sum(
              rates(select(stack.nodeNetworkTransmitBytes, { device: noneOf('lo') }), RATE_INTERVAL),
              byMachine,
            ),
            legend: '{{instance}} out',
          },
        ],
        watched: { noAlert: 'A link that is full shows as lost packets, which have an alert.' },
        emptyWhenHealthy: WITHOUT_NODE_EXPORTER,
      },
      { width: 12 },
    ),
    timeseries(
      {
        name: 'machine-disk',
        title: 'Disk in use',
        description: 'Part of each file system that is used. The store and Prometheus need room.',
        unit: 'ratio',
        lines: [
          {
            query: minus(
              1,
              ratio(
                sum(select(stack.nodeFilesystemAvailableBytes, { fstype: noneOf('tmpfs', 'overlay') }), [
                  'instance',
                  'mountpoint',
                ]),
                sum(select(stack.nodeFilesystemSizeBytes, { fstype: noneOf('tmpfs', 'overlay') }), [
                  'instance',
                  'mountpoint',
                ]),
              ),
            ),
            legend: '{{instance}} {{mountpoint}}',
          },
        ],
        thresholds: { worse: 'above', warning: 0.8, critical: 0.95 },
        watched: {
          noAlert: 'It is the business of whoever runs the machine.',
          nextSteps: 'Shorten what Prometheus and the store keep.',
        },
        emptyWhenHealthy: WITHOUT_NODE_EXPORTER,
      },
      { width: 12 },
    ),
  ],
};
