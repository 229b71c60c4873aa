import type { Dashboard } from '../model/dashboard.ts';
import { audience } from './audience.ts';
import { debug } from './debug.ts';
import { pipeline } from './pipeline.ts';
import { relay } from './relay.ts';
import { slo } from './slo.ts';
import { telemetry } from './telemetry.ts';

/** Every dashboard, the one to look at first in front. */
export const dashboards: readonly Dashboard[] = [pipeline, relay, debug, audience, slo, telemetry];
