// A client in a process of its own, for a test to kill: `node conformance-client.ts <transport> <url> [<hash>]`.
import { dialQuiche } from './quiche/client.ts';
import { dialWebSocket } from './websocket-client.ts';

const [, , kind, href, hash] = process.argv;
const protocols = ['moq-lite-05'];
if (kind === 'websocket') await dialWebSocket(new URL(href!), protocols);
else await dialQuiche(new URL(href!), { protocols, certificateHashes: [hash!] });
process.send?.('connected');
