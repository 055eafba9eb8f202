// Calls to the program. Every answer is JSON; the "detail" of a problem explains it. A call that is not
// answered in time throws.
export const LIMIT_MS = 10_000;
export const LONG_MS = 120_000;  // for calls that wait for the insurer

// Send a body to a path; return {ok, status, answer}.
export async function post(path, body, headers = {}, limit = LIMIT_MS) {
  const response = await fetch(path, {method: 'POST', body, headers, signal: AbortSignal.timeout(limit)});
  const answer = await response.json();
  return {ok: response.ok, status: response.status, answer};
}

// Send a value as JSON.
export function postJson(path, value, headers = {}, limit = LIMIT_MS) {
  return post(path, JSON.stringify(value), {'Content-Type': 'application/json', ...headers}, limit);
}

// Return a part of a page as HTML; throw if the program does not return it.
export async function fragment(path) {
  const response = await fetch(path, {signal: AbortSignal.timeout(LIMIT_MS)});
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.text();
}
