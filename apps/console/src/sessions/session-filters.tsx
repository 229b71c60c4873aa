import { audience, collector, transports } from '@moq-observability/moq-metrics';
import type { ReactNode } from 'react';
import type { sessionFilters } from '../filters.ts';
import { seconds } from '../format.ts';
import { useLive } from '../live/use-live.ts';
import { Choice, Segments } from '../shell/choice.tsx';

/** What sessions are narrowed down by, as the URL says it. */
export type SessionSearch = { readonly [Name in (typeof sessionFilters)[number]]?: string | undefined };

const LATENCIES = [0.2, 0.5, 1, 2, 5] as const;
const STALLS = [1, 3, 10] as const;

function named(values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [value, value]);
}

/** Narrows sessions down. */
export function SessionFilters({
  search,
  onChange,
}: {
  readonly search: SessionSearch;
  readonly onChange: (change: SessionSearch) => void;
}): ReactNode {
  const { streams } = useLive();
  const choice = (
    name: keyof SessionSearch,
    label: string,
    options: readonly (readonly [string, string])[],
  ): ReactNode => (
    <Choice
      label={label}
      value={search[name]}
      options={options}
      onChange={(value) => onChange({ [name]: value })}
    />
  );
  return (
    <div className="tools" role="search" aria-label="Filters">
      <Segments
        label="Which sessions"
        value={search.live ?? ''}
        options={[
          ['', 'Watching now'],
          ['all', 'All'],
        ]}
        onChange={(live) => onChange({ live: live || undefined })}
      />
      <label>
        <span className="visually-hidden">Id, stream or address contains</span>
        <input
          type="search"
          className="field"
          placeholder="Id, stream or address"
          value={search.q ?? ''}
          onChange={({ target }) => onChange({ q: target.value || undefined })}
        />
      </label>
      {choice('broadcast', 'Stream', named(streams.map(({ broadcast }) => broadcast)))}
      {choice('state', 'State', named(collector.sessionStates))}
      {choice('transport', 'Transport', named(transports))}
      {choice('browser', 'Browser', named(audience.browsers))}
      <label>
        <span className="visually-hidden">Region</span>
        <input
          className="field short"
          placeholder="Region"
          value={search.region ?? ''}
          onChange={({ target }) => onChange({ region: target.value || undefined })}
        />
      </label>
      {choice(
        'min_latency',
        'Latency',
        LATENCIES.map((bound) => [String(bound), `over ${seconds(bound)}`]),
      )}
      {choice(
        'min_stalls',
        'Stalls',
        STALLS.map((bound) => [String(bound), `${bound} or more`]),
      )}
      {choice('errors', 'Errors', [
        ['true', 'with'],
        ['false', 'without'],
      ])}
    </div>
  );
}
