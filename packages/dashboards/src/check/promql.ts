import { parser } from '@prometheus-io/lezer-promql';
import { expand, SAMPLE_MACROS } from '../query/expand.ts';

/** Where a query is no PromQL: the text around the first place, or nothing. */
export function syntaxProblem(text: string): string | undefined {
  const expanded = expand(text, SAMPLE_MACROS);
  let problem: string | undefined;
  parser.parse(expanded).iterate({
    enter(node) {
      if (node.type.isError) {
        problem ??= `not PromQL at …${expanded.slice(Math.max(0, node.from - 20), node.to + 20)}…: ${expanded}`;
      }
    },
  });
  return problem;
}
