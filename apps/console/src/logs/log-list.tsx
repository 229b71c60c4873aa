import type { StoredLog } from '@moq-observability/collector/api';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import { clock, moment } from '../format.ts';
import { Attributes } from './attributes.tsx';
import { levelOf } from './levels.ts';
import './log-list.css';

/** What is listed. */
export interface LogListProps {
  readonly label: string;
  readonly logs: readonly StoredLog[];
  readonly empty: ReactNode;
  /** Called when the end comes near. */
  readonly onEnd?: (() => void) | undefined;
  readonly scroller?: RefObject<HTMLDivElement | null>;
  /** Whether the day is told too. */
  readonly withDay?: boolean;
}

/** Rows this near the end ask for more. */
const NEAR_END = 40;

/** Log lines and events, however many; each opens to show all that is known of it. */
export function LogList({ label, logs, empty, onEnd, scroller, withDay }: LogListProps): ReactNode {
  const own = useRef<HTMLDivElement>(null);
  const box = scroller ?? own;
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const virtual = useVirtualizer({
    count: logs.length,
    getScrollElement: () => box.current,
    estimateSize: () => 26,
    getItemKey: (index) => keyOf(logs, index),
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (logs.length > 0 && last >= logs.length - NEAR_END) onEnd?.();
  }, [last, logs.length, onEnd]);
  const toggle = (key: string): void =>
    setOpened((held) => {
      const next = new Set(held);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return (
    <div className="log-list" ref={box} role="region" aria-label={label} tabIndex={0}>
      {logs.length === 0 ? (
        <div className="missing">{empty}</div>
      ) : (
        <ol style={{ height: virtual.getTotalSize() }}>
          {items.map(({ key, index, start }) => (
            <li
              key={key}
              data-index={index}
              ref={virtual.measureElement}
              style={{ transform: `translateY(${start}px)` }}
            >
              <LogLine
                log={logs[index]!}
                withDay={withDay}
                isOpen={opened.has(String(key))}
                onToggle={() => toggle(String(key))}
              />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** Lines have no id; among those of the same time and text, the place tells. */
function keyOf(logs: readonly StoredLog[], index: number): string {
  const { time, spanId, serviceName, eventName, body } = logs[index]!;
  let same = 0;
  for (let i = index - 1; i >= 0 && logs[i]!.time === time; i--) same += 1;
  return `${time} ${serviceName} ${spanId} ${eventName || body.slice(0, 40)} ${same}`;
}

interface LogLineProps {
  readonly log: StoredLog;
  readonly withDay: boolean | undefined;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function LogLine({ log, withDay, isOpen, onToggle }: LogLineProps): ReactNode {
  const { time, severityNumber, serviceName, eventName, body, traceId, sessionId, attributes } = log;
  const level = levelOf(severityNumber);
  const said = body === '' || body === eventName ? '' : body;
  return (
    <div className="log-line" data-level={level}>
      <button type="button" aria-expanded={isOpen} onClick={onToggle}>
        <time>{withDay ? momentMs(time) : clock(time, { milliseconds: true })}</time>
        <span className="log-level">{level}</span>
        <bdi className="log-service cut" data-service={serviceName}>
          {serviceName.replace(/^moq-/, '')}
        </bdi>
        {eventName !== '' && <bdi className="log-event cut">{eventName}</bdi>}
        {said !== '' && <bdi className="cut">{said}</bdi>}
        <bdi className="cut quiet log-more">{inShort(attributes)}</bdi>
      </button>
      {isOpen && (
        <div className="log-detail">
          <p className="log-links">
            {traceId !== '' && (
              <Link to="/traces/$traceId" params={{ traceId }} className="plain">
                Trace {traceId.slice(0, 8)}
              </Link>
            )}
            {sessionId !== '' && (
              <Link to="/sessions/$sessionId" params={{ sessionId }} className="plain">
                Session {sessionId.slice(0, 8)}
              </Link>
            )}
          </p>
          {body !== '' && <pre tabIndex={0}>{body}</pre>}
          <Attributes of={attributes} resource={log.resourceAttributes} />
        </div>
      )}
    </div>
  );
}

function momentMs(time: number): string {
  const fraction = String(Math.floor(time) % 1000).padStart(3, '0');
  return `${moment(time)}.${fraction}`;
}

/** Attributes that every line has, and that are told elsewhere. */
const TOLD: ReadonlySet<string> = new Set([
  'event.name',
  'session.id',
  'moq.namespace',
  'trace_id',
  'span_id',
]);

/** The attributes of a line in one line. */
function inShort(attributes: StoredLog['attributes']): string {
  return Object.entries(attributes)
    .filter(([name, value]) => !TOLD.has(name) && value !== '')
    .slice(0, 8)
    .map(([name, value]) => `${name.replace(/^moq\./, '')}=${value}`)
    .join(' ');
}
