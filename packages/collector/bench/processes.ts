/** The processes of a benchmark, and how they are spoken to. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { SenderPlan, SenderResult } from './sender.ts';
import type { SubjectQuestion, SubjectState } from './subject.ts';

/** Starts a collector, with a store where there is a folder. */
export function startSubject(folder: string | undefined): ChildProcess {
  const args = folder === undefined ? [] : [folder];
  return fork(new URL('subject.ts', import.meta.url), args, { execArgv: ['--expose-gc'] });
}

/** Starts the load. */
export function startSender(): ChildProcess {
  return fork(new URL('sender.ts', import.meta.url), [], { execArgv: [] });
}

/** Asks the collector how it is. */
export async function ask(subject: ChildProcess, question: SubjectQuestion): Promise<SubjectState> {
  const answer = once(subject, 'message');
  subject.send(question);
  return ((await answer) as [SubjectState])[0];
}

/** Ends the collector. */
export async function end(subject: ChildProcess): Promise<void> {
  const exited = once(subject, 'exit');
  subject.send('close' satisfies SubjectQuestion);
  await exited;
}

/** Has reports sent. */
export async function send(sender: ChildProcess, plan: SenderPlan): Promise<SenderResult> {
  const answer = once(sender, 'message');
  sender.send(plan);
  return ((await answer) as [SenderResult])[0];
}

/** Prints a row of a table. */
export function print(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(15)).join(' '));
}
