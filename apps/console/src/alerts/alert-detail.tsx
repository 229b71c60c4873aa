import type { Alert } from '@moq-observability/dashboards';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useRanges } from '../api/use-prometheus.ts';
import { LineChart, type LineSeries } from '../chart/line-chart.tsx';
import { moment } from '../format.ts';
import { Card, Missing } from '../shell/card.tsx';
import { Icon } from '../shell/icons.tsx';
import { Inline } from '../shell/prose.tsx';
import { useSpan, useStretch } from '../shell/span.ts';
import { formatOf } from '../dashboards/units.ts';
import { seriesName } from '../dashboards/legend.ts';
import { type AlertRule, labelsKey, useQuieted } from './alerts-query.ts';

/** One alert: what it says now, how what it judges went, and its runbook beside it. */
export function AlertDetail({
  alert,
  rule,
}: {
  readonly alert: Alert;
  readonly rule: AlertRule | undefined;
}): ReactNode {
  const { runbook } = alert;
  return (
    <div className="alert-detail">
      <div className="alert-now">
        <Card
          title={alert.name}
          help={`${alert.severity}, for ${alert.for}`}
          more={<ToDashboard uid={alert.dashboard} />}
        >
          <Instances rule={rule} />
        </Card>
        <Card title="What it judges" help="and, dashed below, when it is bad">
          <Picture queries={[alert.measure, alert.condition]} alert={alert} />
          <pre className="query">{alert.condition.text}</pre>
        </Card>
      </div>
      <Card title="Runbook" className="runbook">
        <div className="prose">
          <h3>What it means</h3>
          <p>
            <Inline text={runbook.meaning} />
          </p>
          <h3>What is noticed</h3>
          <p>
            <Inline text={runbook.impact} />
          </p>
          <h3>Find the cause</h3>
          <ol className="steps">
            {runbook.diagnosis.map(({ text, dashboard, query }) => (
              <li key={text}>
                <Inline text={text} /> {dashboard && <ToDashboard uid={dashboard} />}
                {query && (
                  <details>
                    <summary>Look</summary>
                    <Picture queries={[query]} alert={alert} />
                  </details>
                )}
              </li>
            ))}
          </ol>
          <h3>Mend it</h3>
          <ul className="steps">
            {runbook.mitigation.map((text) => (
              <li key={text}>
                <Inline text={text} />
              </li>
            ))}
          </ul>
          <h3>Who is told next</h3>
          <p>
            <Inline text={runbook.escalation} />
          </p>
          {runbook.remarks && (
            <>
              <h3>Remarks</h3>
              <p>
                <Inline text={runbook.remarks} />
              </p>
            </>
          )}
        </div>
      </Card>
    </div>
  );
}

function ToDashboard({ uid }: { readonly uid: string }): ReactNode {
  return (
    <Link to="/dashboards/$uid" params={{ uid }} className="plain small">
      {uid}
    </Link>
  );
}

function Instances({ rule }: { readonly rule: AlertRule | undefined }): ReactNode {
  const quieted = useQuieted();
  if (!rule) return <Missing>Prometheus does not evaluate this rule, or does not answer.</Missing>;
  if (rule.health === 'err')
    return <Missing error={new Error(rule.lastError || 'It cannot be evaluated.')} />;
  if (rule.alerts.length === 0) {
    return (
      <p className="good all-well">
        <Icon name="alerts" /> All is well: it is silent.
      </p>
    );
  }
  return (
    <ul className="instances" tabIndex={0}>
      {rule.alerts.map(({ labels, annotations, state, activeAt }) => {
        const quiet = quieted.get(labelsKey(labels));
        const { broadcast } = labels;
        return (
          <li key={labelsKey(labels)}>
            <span className="alert-mark" data-status={state} aria-hidden="true" />
            <div>
              <p>
                <strong>
                  <bdi>{annotations['summary'] ?? labels['alertname']}</bdi>
                </strong>
              </p>
              <p className="quiet">
                <bdi>{annotations['description']}</bdi>
              </p>
              <p className="small quiet">
                {state} since {moment(Date.parse(activeAt))}
                {quiet && `, ${quiet}: nobody is told`}
                {broadcast !== undefined && (
                  <>
                    {' · '}
                    <Link to="/stream" search={{ broadcast }} className="plain">
                      <bdi>{broadcast}</bdi>
                    </Link>
                  </>
                )}
              </p>
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function Picture({
  queries,
  alert,
}: {
  readonly queries: readonly { readonly text: string }[];
  readonly alert: Alert;
}): ReactNode {
  const { data, error, isLoading } = useRanges(queries);
  const span = useStretch();
  const { zoom } = useSpan();
  const series = useMemo(
    () =>
      data.flatMap((answer, i) =>
        (answer ?? []).map((each): LineSeries => ({
          ...each,
          name: `${i === 1 ? 'bad: ' : ''}${seriesName(each.labels)}`,
          ...(i === 1 && { colour: 4 }),
        })),
      ),
    [data],
  );
  if (series.length === 0) return <Missing error={error}>{isLoading ? 'Asking …' : undefined}</Missing>;
  const isJudged = queries[0] === alert.measure;
  return (
    <LineChart
      label={`What ${alert.name} looks at`}
      series={series}
      span={span}
      format={formatOf(isJudged ? alert.unit : 'count')}
      height={190}
      onZoom={zoom}
    />
  );
}
