import { parser } from '@prometheus-io/lezer-promql';

/** What a dashboard's variables and macros stand for when a query is only to be read or tried. */
export const SAMPLE_MACROS: Readonly<Record<string, string>> = {
  $__rate_interval: '1m',
  $__range: '1h',
  $__interval: '15s',
};

/** The query as it is sent, with macros and variables replaced; variables by a pattern that takes everything. */
export function expand(text: string, values: Readonly<Record<string, string>> = {}): string {
  return text.replace(/\$(\w+)|\$\{(\w+)\}/g, (whole: string, bare?: string, braced?: string) => {
    // What label_replace refers to by number is no variable.
    if (bare !== undefined && /^\d/.test(bare)) return whole;
    return values[bare ?? braced!] ?? SAMPLE_MACROS[`$${bare ?? braced}`] ?? '.*';
  });
}

/** Where a query is no PromQL: the text around the first place, or nothing. */
export function syntaxProblem(text: string): string | undefined {
  const expanded = expand(text);
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
