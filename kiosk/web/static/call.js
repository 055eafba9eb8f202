// Calls to the program. Every answer is JSON; the "detail" of a problem explains it.

// Send a body to a path; return {ok, status, answer}.
export async function post(path, body, headers = {}) {
  const response = await fetch(path, {method: 'POST', body, headers});
  const answer = await response.json();
  return {ok: response.ok, status: response.status, answer};
}

// Send a value as JSON.
export function postJson(path, value, headers = {}) {
  return post(path, JSON.stringify(value), {'Content-Type': 'application/json', ...headers});
}

// Return a part of a page as HTML; throw if the program does not return it.
export async function fragment(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.text();
}
