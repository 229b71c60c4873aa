/** Where things are found by a browser: what alerts and runbooks link to. */
export interface Site {
  /** Grafana, without a slash at the end. */
  readonly grafana: string;
  /** The folder of the runbooks, without a slash at the end. */
  readonly runbooks: string;
}

/** A Grafana on the machine itself, and the runbooks of the project. */
export const defaultSite: Site = {
  grafana: 'http://localhost:3000',
  runbooks: 'https://github.com/moq-observability/moq-observability/blob/main/docs/alerts',
};
