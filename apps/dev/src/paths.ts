import { fileURLToPath } from 'node:url';

/** The root of the workspace. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url));
