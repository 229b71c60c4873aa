import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { composeAddresses } from '../emit/grafana/provisioning.ts';
import { provisioningFiles } from './provisioning.ts';

const files = provisioningFiles(composeAddresses, '/etc/grafana/dashboards');

test.each(files.map(({ path, text }) => [path, text]))(
  '%s asks Grafana for no variable of its environment',
  (_, text) => {
    expect(text.replaceAll('$$', '')).not.toContain('$');
  },
);

test('datasources lead to datasources there are', () => {
  const { text } = files.find(({ path }) => path.endsWith('datasources/moq.yml'))!;
  const { datasources } = parse(text) as { datasources: { uid: string; type: string }[] };
  const uids = datasources.map(({ uid }) => uid);
  expect(uids).toEqual(['prometheus', 'loki', 'tempo', 'alertmanager']);
  const named = [...text.matchAll(/(?:datasource|alertmanager)Uid: (\w+)/g)].map(([, uid]) => uid);
  expect(named).toEqual(['alertmanager', 'tempo', 'tempo', 'loki', 'prometheus', 'prometheus']);
  for (const uid of named) expect(uids).toContain(uid);
});

test('the policy sends alerts to a contact point there is', () => {
  const [points, policies] = ['alerting/contact-points', 'alerting/policies'].map(
    (name) => parse(files.find(({ path }) => path.includes(name))!.text) as Record<string, object[]>,
  );
  const [{ name }] = points!['contactPoints'] as [{ name: string }];
  expect(policies!['policies']).toMatchObject([{ receiver: name }]);
});
