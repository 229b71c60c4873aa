import { ApiProblem } from './problem.ts';

/** What is asked, by name; what is undefined or empty is left out. */
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** A path with its query. */
export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/**
 * Asks the collector.
 *
 * @throws ApiProblem
 */
export function getJson<T>(path: string, parameters?: Parameters, signal?: AbortSignal): Promise<T> {
  return askJson<T>(address(path, parameters), { signal: signal ?? null });
}

/** Asks with a form, which has no limit on its length. @throws ApiProblem */
export function postForm<T>(path: string, form: Parameters, signal?: AbortSignal): Promise<T> {
  const body = address('', form).slice(1);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return askJson<T>(path, { method: 'POST', body, headers, signal: signal ?? null });
}

async function askJson<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(path, { ...init, cache: 'no-store' }).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw new ApiProblem(0, 'the collector does not answer', { cause });
  });
  if (response.ok) return (await response.json()) as T;
  throw new ApiProblem(response.status, await titleOf(response));
}

async function titleOf(response: Response): Promise<string> {
  const fallback = `the answer is ${response.status}`;
  try {
    const body: unknown = await response.json();
    if (typeof body !== 'object' || body === null) return fallback;
    // Problems of the collector have a title, those of Prometheus an error.
    const told: unknown = 'title' in body ? body.title : 'error' in body ? body.error : undefined;
    return typeof told === 'string' && told !== '' ? told : fallback;
  } catch {
    return fallback; // What answered is no API of ours.
  }
}
