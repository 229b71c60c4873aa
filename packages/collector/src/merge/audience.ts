import { audience, client } from '@moq-observability/moq-metrics';
import type { Addition, MergeableMetric } from '@moq-observability/moq-metrics/merge';
import { type Client, UserAgents } from './user-agent.ts';

/** Who watches, but for the transport, which may change. */
export interface AudienceProfile extends Client {
  readonly region: string;
}

/** Where viewers are, as far as the collector was told. */
export interface RegionOptions {
  /** Where they are when nothing else tells. */
  readonly fallback: string;
  /** What a proxy may say; anything else is the fallback. */
  readonly allowed: readonly string[];
}

/** Tells who watches from what requests say. Profiles that are the same are the same object. */
export class AudienceBook {
  readonly #agents = new UserAgents();
  readonly #fallback: string;
  readonly #allowed: ReadonlySet<string>;
  readonly #profiles = new Map<string, AudienceProfile>();

  constructor({ fallback, allowed }: RegionOptions) {
    this.#fallback = fallback;
    this.#allowed = new Set(allowed);
  }

  /** @param region what a trusted proxy says */
  profile(userAgent: string, region: string | undefined): AudienceProfile {
    const { browser, device } = this.#agents.classify(userAgent);
    const known = region !== undefined && this.#allowed.has(region) ? region : this.#fallback;
    return this.share({ browser, device, region: known });
  }

  /** The one object there is for a profile. */
  share(profile: AudienceProfile): AudienceProfile {
    const key = `${profile.browser}\n${profile.device}\n${profile.region}`;
    let shared = this.#profiles.get(key);
    if (!shared) this.#profiles.set(key, (shared = profile));
    return shared;
  }
}

type Labels = Readonly<Record<string, string>>;

/** Which metric of the audience tells the same as one of a stream, and by which labels. */
const VIEWS: ReadonlyMap<MergeableMetric, { readonly metric: MergeableMetric; readonly whole: boolean }> =
  new Map<MergeableMetric, { readonly metric: MergeableMetric; readonly whole: boolean }>([
    [client.playAttempts, { metric: audience.playAttempts, whole: true }],
    [client.watchedSeconds, { metric: audience.watchedSeconds, whole: true }],
    [client.stalledSeconds, { metric: audience.stalledSeconds, whole: true }],
    [client.startupTime, { metric: audience.startupTime, whole: false }],
    [client.latency, { metric: audience.latency, whole: false }],
  ]);

/** The metrics of the audience. */
export const audienceMetrics: readonly MergeableMetric[] = [...VIEWS.values()].map(({ metric }) => metric);

/** The same fact by audience, where there is such a view of it. */
export function audienceView(
  addition: Addition,
  { browser, device, region }: AudienceProfile,
  transport: string,
): Addition | undefined {
  const view = VIEWS.get(addition.metric);
  if (!view) return undefined;
  const known = audience.audienceTransports.find((value) => value === transport) ?? 'other';
  const labels: Labels = view.whole
    ? { browser, device, region, transport: known }
    : { browser, transport: known };
  return { ...addition, metric: view.metric, labels } as Addition;
}
