/** Pages without pictures, in one file that is there before anybody goes to one of them. */
export { LogsPage } from './logs/logs-page.tsx';
export { SessionsPage } from './sessions/sessions-page.tsx';
export { TracePage } from './traces/trace-page.tsx';
export { TracesPage } from './traces/traces-page.tsx';
