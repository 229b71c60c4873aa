/**
 * The files that are made of the model, as text: for Grafana, Perses, Prometheus and Alertmanager, and the runbooks.
 * Whoever runs it elsewhere makes them again with addresses of their own.
 *
 * @module
 */
export type { Destinations, Patience } from './emit/alertmanager.ts';
export type { BackendAddresses } from './emit/grafana/provisioning.ts';
export { alertmanagerFile } from './generate/alertmanager.ts';
export { type GeneratedFile, generatedFiles } from './generate/files.ts';
export { provisioningFiles } from './generate/provisioning.ts';
export { type Model, model } from './model.ts';
export { defaultSite, type Site } from './site.ts';
