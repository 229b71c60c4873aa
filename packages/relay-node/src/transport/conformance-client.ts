// A client in a process of its own, for a test to kill: `node conformance-client.ts <transport> <url>`.
import { dialWebSocket } from './websocket-client.ts';

const [, , , href] = process.argv;
await dialWebSocket(new URL(href!), ['moq-lite-05']);
process.send?.('connected');
