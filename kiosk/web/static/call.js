// Calls to the program. Every answer is JSON; a problem carries its words in "detail".

export async function post(path, body, headers = {}) {
  const response = await fetch(path, {method: 'POST', body, headers});
  const answer = await response.json();
  return {ok: response.ok, status: response.status, answer};
}

export function postJson(path, value, headers = {}) {
  return post(path, JSON.stringify(value), {'Content-Type': 'application/json', ...headers});
}

export async function fragment(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.text();
}
