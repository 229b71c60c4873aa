import { expect, test } from 'vitest';
import { renderTable } from './table.ts';

test('columns are as wide as what is in them', () => {
  const table = renderTable([
    { what: 'relay', url: 'http://localhost:4443/', state: 'up in 0.4 s' },
    { what: 'Prometheus', url: 'http://localhost:9090/', state: 'off: MOQ_BACKEND is none' },
  ]);
  expect(table).toBe(
    [
      '  what        URL                     state',
      '  ──────────  ──────────────────────  ────────────────────────',
      '  relay       http://localhost:4443/  up in 0.4 s',
      '  Prometheus  http://localhost:9090/  off: MOQ_BACKEND is none',
    ].join('\n'),
  );
});
