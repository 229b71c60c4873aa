import type { ReactNode } from 'react';
import { moment } from '../format.ts';
import { Icon } from './icons.tsx';
import { rangeName, ranges, useSpan } from './span.ts';

/** Chooses the time that is looked at, and stops it. */
export function TimeControl(): ReactNode {
  const span = useSpan();
  const known = ranges.find((range) => rangeName(range) === span.name);
  return (
    <>
      <label className="select-label">
        <span className="visually-hidden">Time that is shown</span>
        <select
          className="select"
          value={known ?? 'own'}
          onChange={({ target }) => span.setRange(target.value)}
        >
          {!known && (
            <option value="own" disabled>
              {span.name}
            </option>
          )}
          {ranges.map((range) => (
            <option key={range} value={range}>
              {`${span.at === undefined ? 'Last ' : ''}${rangeName(range)}`}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="button"
        aria-pressed={span.at !== undefined}
        onClick={span.at === undefined ? span.pause : span.resume}
        aria-label={span.at === undefined ? 'Live. Pause' : 'Paused. Go on'}
        title={span.at === undefined ? 'Stop here' : 'Go on with what is now'}
      >
        {span.at === undefined ? (
          <>
            <span className="live-mark" aria-hidden="true" />
            <span className="wordy">Live</span>
            <Icon name="pause" />
          </>
        ) : (
          <>
            <Icon name="play" />
            <span className="wordy">Paused</span>
            <span className="wordy quiet">{moment(span.at)}</span>
          </>
        )}
      </button>
    </>
  );
}
