// The form that corrects a visit: each field is checked when it is left, by the same rules as when the form is
// sent. Nothing that is typed is changed.
import {LIMIT_MS} from '../call.js';

const form = document.getElementById('correct-form');

// Return the message of a field, which is made if it has no message yet.
function message(input) {
  const id = `${input.id}-typed`;
  let found = document.getElementById(id);
  if (!found) {
    found = document.createElement('p');
    found.id = id;
    found.className = 'message';
    found.setAttribute('role', 'status');
    input.before(found);
    input.setAttribute('aria-describedby', `${input.getAttribute('aria-describedby') ?? ''} ${id}`.trim());
  }
  return found;
}

// Ask what is wrong with the fields, and say so beside the one that was left.
async function check(input) {
  try {
    const body = new URLSearchParams(new FormData(form));
    const response = await fetch(form.dataset.check, {method: 'POST', body, signal: AbortSignal.timeout(LIMIT_MS)});
    if (!response.ok) return;
    const {wrong} = await response.json();
    const words = wrong[input.name] ?? '';
    if (!words && !document.getElementById(`${input.id}-typed`)) return;
    message(input).textContent = words;
    input.setAttribute('aria-invalid', words ? 'true' : 'false');
  } catch {
    // The form itself says what is wrong when it is sent.
  }
}

form?.addEventListener('change', ({target}) => {
  if (target.name && target.name !== 'why') check(target);
});
