/** What lists can be narrowed down by: the names in the URL, which are those of the collector's API. */

export const sessionFilters = [
  'broadcast',
  'state',
  'transport',
  'browser',
  'region',
  'errors',
  'live',
  'q',
  'min_latency',
  'min_stalls',
  'sort',
] as const;

export const logFilters = ['service', 'level', 'q', 'trace_id', 'session', 'tail'] as const;

export const traceFilters = ['service', 'name', 'min_duration', 'error'] as const;
