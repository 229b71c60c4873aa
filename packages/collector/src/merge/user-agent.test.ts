import { expect, test } from 'vitest';
import { classifyUserAgent } from './user-agent.ts';

const KIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';

test.each([
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${KIT} Chrome/131.0.0.0 Safari/537.36`, 'chrome', 'desktop'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${KIT} HeadlessChrome/131.0.0.0 Safari/537.36`, 'chrome', 'desktop'],
  [`Mozilla/5.0 (Windows NT 10.0) ${KIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`, 'edge', 'desktop'],
  [`Mozilla/5.0 (Windows NT 10.0) ${KIT} Chrome/131.0.0.0 Safari/537.36 OPR/115.0.0.0`, 'other', 'desktop'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0', 'firefox', 'desktop'],
  ['Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0', 'firefox', 'mobile'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
    'safari',
    'desktop',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
    'safari',
    'mobile',
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1',
    'chrome',
    'tablet',
  ],
  [
    `Mozilla/5.0 (Linux; Android 14; Pixel 8) ${KIT} Chrome/131.0.0.0 Mobile Safari/537.36`,
    'chrome',
    'mobile',
  ],
  [`Mozilla/5.0 (Linux; Android 14; SM-X710) ${KIT} Chrome/131.0.0.0 Safari/537.36`, 'chrome', 'tablet'],
  [
    `Mozilla/5.0 (Linux; Android 14; SM-S921B) ${KIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`,
    'samsung',
    'mobile',
  ],
  [`Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) ${KIT} SamsungBrowser/2.1 TV Safari/537.36`, 'samsung', 'tv'],
  [`Mozilla/5.0 (Web0S; Linux/SmartTV) ${KIT} Chrome/120.0.0.0 Safari/537.36`, 'chrome', 'tv'],
  ['node', 'other', 'other'],
  ['', 'other', 'other'],
])('%s', (userAgent, browser, device) => {
  expect(classifyUserAgent(userAgent)).toEqual({ browser, device });
});
