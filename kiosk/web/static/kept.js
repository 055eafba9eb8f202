// What this tab keeps of a clerk's typing while it shows another page. It holds personal data, so it is forgotten
// after ten minutes on every page, and as soon as it was taken.
const KEY = 'typed-at-the-desk';
const MAX_AGE_MS = 10 * 60_000;

// Keep a value, in place of what was kept; null keeps nothing.
export function keep(value) {
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify({...value, at: Date.now()}));
}

// Return what is kept, or null, and forget it.
export function takeKept() {
  const kept = read();
  sessionStorage.removeItem(KEY);
  return kept === null || age(kept) >= MAX_AGE_MS ? null : kept;
}

// Forget what is kept when it is too old, while another page is shown.
export function forgetOld() {
  const kept = read();
  if (kept === null) return;
  const left = MAX_AGE_MS - age(kept);
  if (left <= 0) sessionStorage.removeItem(KEY);
  else setTimeout(forgetOld, left);
}

// Return what is kept, or null. What is not readable is nothing.
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

// Return the age of what is kept, in ms. What a clock that was put back calls future is as old as can be.
function age({at}) {
  const passed = Date.now() - at;
  return passed >= 0 ? passed : Infinity;
}
