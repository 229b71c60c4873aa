export * as client from './client.ts';
export * from './define.ts';
export * from './labels.ts';
export * as relay from './relay.ts';
