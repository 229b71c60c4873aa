/**
 * Metrics of software that is not ours, as far as dashboards and alerts ask for them: a Node process,
 * node_exporter, and Prometheus itself. Nothing here has an OpenTelemetry name of ours.
 */
import { counter, type CounterMetric, gauge, type GaugeMetric } from './define.ts';
import { bounded } from './labels.ts';

// A Node process (prom-client, and `collectProcessMetrics` for the event loop)

export const processCpuSeconds: CounterMetric = counter({
  name: 'process_cpu_seconds_total',
  unit: 's',
  description: 'Total user and system CPU time spent in seconds.',
});

export const processResidentMemoryBytes: GaugeMetric = gauge({
  name: 'process_resident_memory_bytes',
  unit: 'By',
  description: 'Resident memory size in bytes.',
});

export const processOpenFds: GaugeMetric = gauge({
  name: 'process_open_fds',
  unit: '{descriptor}',
  description: 'Number of open file descriptors.',
});

export const processMaxFds: GaugeMetric = gauge({
  name: 'process_max_fds',
  unit: '{descriptor}',
  description: 'Maximum number of open file descriptors.',
});

export const processStartTimeSeconds: GaugeMetric = gauge({
  name: 'process_start_time_seconds',
  unit: 's',
  description: 'Start time of the process since unix epoch in seconds.',
});

export const nodejsEventLoopLagP50Seconds: GaugeMetric = gauge({
  name: 'nodejs_eventloop_lag_p50_seconds',
  unit: 's',
  description: 'How late the event loop gets to what it has to do, the median since the scrape before.',
});

export const nodejsEventLoopLagP99Seconds: GaugeMetric = gauge({
  name: 'nodejs_eventloop_lag_p99_seconds',
  unit: 's',
  description:
    'How late the event loop gets to what it has to do, the 99th percentile since the scrape before.',
});

export const nodejsHeapUsedBytes: GaugeMetric = gauge({
  name: 'nodejs_heap_size_used_bytes',
  unit: 'By',
  description: 'Process heap size used from Node.js in bytes.',
});

export const nodejsHeapTotalBytes: GaugeMetric = gauge({
  name: 'nodejs_heap_size_total_bytes',
  unit: 'By',
  description: 'Process heap size from Node.js in bytes.',
});

// The machine (node_exporter)

export const nodeCpuSeconds: CounterMetric<{ cpu: string; mode: string }> = counter({
  name: 'node_cpu_seconds_total',
  unit: 's',
  description: 'Seconds the CPUs spent in each mode.',
  labels: { cpu: bounded(1024), mode: bounded(16) },
});

export const nodeLoad1: GaugeMetric = gauge({
  name: 'node_load1',
  unit: '{process}',
  description: '1m load average.',
});

export const nodeMemoryAvailableBytes: GaugeMetric = gauge({
  name: 'node_memory_MemAvailable_bytes',
  unit: 'By',
  description: 'Memory information field MemAvailable_bytes.',
});

export const nodeMemoryTotalBytes: GaugeMetric = gauge({
  name: 'node_memory_MemTotal_bytes',
  unit: 'By',
  description: 'Memory information field MemTotal_bytes.',
});

export const nodeNetworkReceiveBytes: CounterMetric<{ device: string }> = counter({
  name: 'node_network_receive_bytes_total',
  unit: 'By',
  description: 'Network device statistic receive_bytes.',
  labels: { device: bounded(256) },
});

export const nodeNetworkTransmitBytes: CounterMetric<{ device: string }> = counter({
  name: 'node_network_transmit_bytes_total',
  unit: 'By',
  description: 'Network device statistic transmit_bytes.',
  labels: { device: bounded(256) },
});

export const nodeFilesystemAvailableBytes: GaugeMetric<{
  device: string;
  fstype: string;
  mountpoint: string;
}> = gauge({
  name: 'node_filesystem_avail_bytes',
  unit: 'By',
  description: 'Filesystem space available to non-root users in bytes.',
  labels: { device: bounded(256), fstype: bounded(64), mountpoint: bounded(256) },
});

export const nodeFilesystemSizeBytes: GaugeMetric<{ device: string; fstype: string; mountpoint: string }> =
  gauge({
    name: 'node_filesystem_size_bytes',
    unit: 'By',
    description: 'Filesystem size in bytes.',
    labels: { device: bounded(256), fstype: bounded(64), mountpoint: bounded(256) },
  });

// Prometheus

export const up: GaugeMetric = gauge({
  name: 'up',
  unit: '{target}',
  description: '1 while a target could be scraped, 0 while not; Prometheus adds its labels job and instance.',
});
