import type { StoredSpan } from '@moq-observability/collector/api';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { clock, duration } from '../format.ts';
import { Attributes } from '../logs/attributes.tsx';
import { type Episode, episodesOf, type PlacedSpan } from './episodes.ts';
import './waterfall.css';

/** What a waterfall shows. */
export interface WaterfallProps {
  readonly spans: readonly StoredSpan[];
  /** The span that is opened, by its id. */
  readonly opened: string | undefined;
  readonly onOpen: (spanId: string | undefined) => void;
}

/** Spans of player and relay as bars on one clock; what went on at another time has a scale of its own. */
export function Waterfall({ spans, opened, onOpen }: WaterfallProps): ReactNode {
  const episodes = useMemo(() => episodesOf(spans), [spans]);
  return (
    <div className="waterfall">
      {episodes.map((episode) => (
        <section key={episode.from} aria-label={`At ${clock(episode.from)}`}>
          <EpisodeHead episode={episode} />
          <Scale episode={episode} />
          <ol>
            {episode.spans.map((placed) => (
              <li key={placed.span.traceId + placed.span.spanId}>
                <SpanRow placed={placed} episode={episode} opened={opened} onOpen={onOpen} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function EpisodeHead({
  episode: { from, to, spans, errors, traceIds },
}: {
  readonly episode: Episode;
}): ReactNode {
  return (
    <header className="waterfall-head">
      <bdi>{spans[0]?.span.name}</bdi>
      <span className="quiet">
        {clock(from, { milliseconds: true })} · {duration(to - from)} · {spans.length} spans
        {errors > 0 && <span className="bad"> · {errors} failed</span>}
      </span>
      <span className="quiet waterfall-traces">
        {traceIds.map((traceId) => (
          <Link
            key={traceId}
            to="/traces/$traceId"
            params={{ traceId }}
            className="plain small"
            title={traceId}
          >
            trace {traceId.slice(0, 8)}
          </Link>
        ))}
      </span>
    </header>
  );
}

/** Lengths of time below the bars: four even parts. */
function Scale({ episode: { from, to } }: { readonly episode: Episode }): ReactNode {
  return (
    <div className="waterfall-scale" aria-hidden="true">
      {[0, 0.25, 0.5, 0.75, 1].map((part) => (
        <span key={part}>{part === 0 ? '0' : duration((to - from) * part)}</span>
      ))}
    </div>
  );
}

interface SpanRowProps extends Pick<WaterfallProps, 'opened' | 'onOpen'> {
  readonly placed: PlacedSpan;
  readonly episode: Episode;
}

function SpanRow({ placed: { span, depth }, episode, opened, onOpen }: SpanRowProps): ReactNode {
  const { spanId, name, serviceName, status, time, duration: length } = span;
  const whole = Math.max(0.001, episode.to - episode.from);
  const isOpen = opened === spanId;
  const isFailed = status === 'Error';
  return (
    <div className={isFailed ? 'span-row failed' : 'span-row'} data-service={serviceName}>
      <button type="button" aria-expanded={isOpen} onClick={() => onOpen(isOpen ? undefined : spanId)}>
        <span className="span-name" style={{ paddingInlineStart: 8 + depth * 14 }}>
          <i aria-hidden="true" />
          <bdi className="cut">{name}</bdi>
          <span className="span-service">{serviceName.replace(/^moq-/, '')}</span>
        </span>
        <span className="span-lane">
          <span
            className="span-bar"
            style={{
              insetInlineStart: `${((time - episode.from) / whole) * 100}%`,
              width: `${(length / whole) * 100}%`,
            }}
          />
          <span
            className="span-length"
            style={
              (time - episode.from) / whole > 0.6
                ? { insetInlineEnd: `calc(${100 - ((time - episode.from) / whole) * 100}% + 6px)` }
                : { insetInlineStart: `calc(${((time - episode.from + length) / whole) * 100}% + 6px)` }
            }
          >
            {duration(length)}
          </span>
        </span>
      </button>
      {isOpen && <SpanDetail span={span} from={episode.from} />}
    </div>
  );
}

function SpanDetail({ span, from }: { readonly span: StoredSpan; readonly from: number }): ReactNode {
  const { time, duration: length, kind, status, statusMessage, events, links, sessionId, traceId } = span;
  return (
    <div className="span-detail">
      <p className="span-facts">
        <span>
          {clock(time, { milliseconds: true })} <span className="quiet">(+{duration(time - from)})</span>
        </span>
        <span>{duration(length)}</span>
        <span className="quiet">{kind}</span>
        {status === 'Error' && <bdi className="bad">failed{statusMessage && `: ${statusMessage}`}</bdi>}
        <Link to="/logs" search={{ trace_id: traceId }} className="plain">
          Its logs
        </Link>
        {sessionId !== '' && (
          <Link to="/sessions/$sessionId" params={{ sessionId }} className="plain">
            Session {sessionId.slice(0, 8)}
          </Link>
        )}
        {links.map((link) => (
          <Link
            key={link.traceId + link.spanId}
            to="/traces/$traceId"
            params={{ traceId: link.traceId }}
            search={{ span: link.spanId }}
            className="plain"
          >
            Linked trace {link.traceId.slice(0, 8)}
          </Link>
        ))}
      </p>
      <Attributes of={span.attributes} resource={span.resourceAttributes} />
      {events.map((event, i) => (
        // oxlint-disable-next-line react/no-array-index-key -- events have no id, and never change
        <div key={`${event.time} ${event.name} ${i}`}>
          <h3>
            <bdi>{event.name}</bdi> <span className="quiet">+{duration(event.time - from)}</span>
          </h3>
          <Attributes of={event.attributes} />
        </div>
      ))}
    </div>
  );
}
