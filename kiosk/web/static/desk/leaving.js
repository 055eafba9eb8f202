// Keeps what a clerk has typed beside a verdict while this tab shows another page, another language, or the
// same page again. Only this tab can read it, and it is forgotten as soon as it is back on screen.
import {place, screen} from './screen.js';
import {open, restore, typedSoFar} from './verdict.js';

const KEY = 'typed-at-the-desk';
const MAX_AGE_MS = 10 * 60_000;

// Return whether something was typed or chosen in the form on screen.
function isEdited() {
  const inputs = [...place.querySelectorAll('#confirm input, #confirm select')];
  return inputs.some((input) => (input.type === 'checkbox' ? input.checked : input.value !== (input.defaultValue ?? input.options[0]?.value ?? '')));
}

// Keep what was typed when the page is left, and show it again now, if this tab has kept something.
export function watchLeaving() {
  addEventListener('pagehide', () => {
    if (screen.shown === null || !isEdited()) return sessionStorage.removeItem(KEY);
    sessionStorage.setItem(KEY, JSON.stringify({reading: screen.shown, typed: typedSoFar(), at: Date.now()}));
  });
  const kept = JSON.parse(sessionStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  if (kept === null || Date.now() - kept.at > MAX_AGE_MS) return;
  open(kept.reading).then(() => { if (screen.shown === kept.reading) restore(kept.typed); }, () => {});
}
