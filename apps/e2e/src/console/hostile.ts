/** Texts that strangers may send, and that must be shown as the texts they are. Each would leave a mark if it were more. */

/** What would be run as a script sets this. */
export const MARK = '__ran';

/** Texts for names, lines, user agents and attributes. */
export const hostileTexts: readonly string[] = [
  `<img src=x onerror="window.${MARK}=1">`,
  `"><script>window.${MARK}=1</script>`,
  `<svg/onload=window.${MARK}=1>`,
  `'-window.${MARK}=1-'`,
  `javascript:window.${MARK}=1`,
  `{{constructor.constructor('window.${MARK}=1')()}}`,
  `\${window.${MARK}=1}`,
  `<iframe srcdoc="<script>parent.${MARK}=1</script>"></iframe>`,
  `<style>*{display:none!important}</style>`,
  `<base href="https://elsewhere.example/">`,
  `</textarea></title></style></script><b>`,
  `\u202Egnp.exe\u202C \u2066isolated\u2069`,
  `'; DROP TABLE otel_logs; --`,
  `100%25 & <b>bold</b> &lt;i&gt;`,
  `__proto__`,
  `constructor`,
  `e\u0301\u{1F9A6}\u{1F468}\u200D\u{1F680}`,
  'x'.repeat(2_000),
];
