import type { FleetView } from '@moq-observability/collector/api';
import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Sparkline } from '../chart/sparkline.tsx';
import { bits, count, ratio, seconds } from '../format.ts';
import { type Histories, KEPT_SECONDS, type Measure } from './live-store.ts';
import './fleet-line.css';

/** The whole fleet in one line of numbers. */
export function FleetLine({
  fleet,
  histories,
  to,
  firing,
}: {
  readonly fleet: FleetView | undefined;
  readonly histories: Histories;
  /** What the right edge of the pictures is, in Unix milliseconds. */
  readonly to: number;
  readonly firing: number;
}): ReactNode {
  const picture = (measure: Measure, colour?: number | 'bad', least?: number): ReactNode => (
    <Sparkline
      times={histories[measure].times}
      values={histories[measure].values}
      from={to - KEPT_SECONDS * 1000}
      to={to}
      {...(colour !== undefined && { colour })}
      {...(least !== undefined && { least })}
    />
  );
  const stalled = fleet?.sessions.stalled ?? 0;
  return (
    <dl className="fleet" aria-label="Fleet">
      <Tile name="Viewers" value={count(fleet?.viewers)} picture={picture('viewers', undefined, 4)} />
      <Tile name="Streams" value={count(fleet?.streams)} more="watched now" />
      <Tile name="Received" value={bits(fleet?.bandwidth)} picture={picture('bandwidth', 1)} />
      <Tile
        name="Latency p95"
        value={seconds(fleet?.latency?.p95)}
        more={fleet?.latency ? `median ${seconds(fleet.latency.p50)}` : ''}
        picture={picture('latency', 2, 0.2)}
      />
      <Tile
        name="Stalled now"
        value={count(fleet?.sessions.stalled)}
        more={fleet ? `rebuffer ratio ${ratio(fleet.stalledRatio)}` : ''}
        tone={stalled > 0 ? 'warn' : undefined}
        picture={picture('stalling', 'bad', 4)}
        link={{ to: '/sessions', search: { state: 'stalled' } }}
      />
      <Tile
        name="Alerts firing"
        value={count(firing)}
        tone={firing > 0 ? 'bad' : undefined}
        more={firing > 0 ? 'look' : 'all quiet'}
        link={{ to: '/alerts' }}
      />
    </dl>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly more?: string;
  readonly tone?: 'warn' | 'bad' | undefined;
  readonly picture?: ReactNode;
  readonly link?: LinkProps;
}

function Tile({ name, value, more, tone, picture, link }: TileProps): ReactNode {
  return (
    <div className="tile">
      <dt>
        {link ? (
          <Link {...link} className="tile-link">
            {name}
          </Link>
        ) : (
          name
        )}
      </dt>
      <dd className={tone ?? ''}>
        <span className="tile-value">{value}</span>
        {more && <span className="tile-more">{more}</span>}
        {picture && <span className="tile-picture">{picture}</span>}
      </dd>
    </div>
  );
}
