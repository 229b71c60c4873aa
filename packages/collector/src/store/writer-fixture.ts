/** For tests: a collector's process as far as the store goes. Started as `writer-fixture.ts <folder> <rows>`. */

import { openStore } from './open-store.ts';
import { log } from './rows-fixture.ts';

const [folder, rows] = process.argv.slice(2);
// What it gathers is not written before it is killed.
const store = await openStore(
  { driver: 'chdb', folder: folder!, queueAge: 600_000 },
  { onState: ({ state }) => state === 'ready' && void write() },
);

async function write(): Promise<void> {
  for (let row = 0; row < Number(rows); row += 1) await store.writeLogs([log({ body: String(row) })]);
  process.send!('written');
}
