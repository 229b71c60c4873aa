/** For tests: a collector's process as far as forwarding goes. Started as `… <folder> <url> <requests>`. */

import { openForward } from './open-forward.ts';
import { protobufRequest } from './target-fixture.ts';

const [folder, url, requests] = process.argv.slice(2);
const forward = await openForward({
  folder: folder!,
  targets: { traces: { url: new URL(url!), headers: {} } },
  batchAge: 20,
});
for (let id = 0; id < Number(requests); id += 1) {
  await forward.enqueue('traces', protobufRequest(String(id)), 'application/x-protobuf');
}
process.send!('kept');
