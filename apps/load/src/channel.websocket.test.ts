import { describeChannel } from './channel-suite.ts';

describeChannel('websocket');
