// The fixed parts of the desk's page, its message line, and what is on its screen now.

// Return an element of the page by its id.
export const byId = (id) => document.getElementById(id);

export const field = byId('payload');
export const place = byId('verdict');
export const message = byId('message');

// A reading is a scan with all verdicts on it. `requested` is the newest reading that is or will be on
// screen; `shown` is on screen now.
export const screen = {
  requested: null,
  shown: null,
  key: null,   // the idempotency key of the visit on screen, the same for all attempts to record it
  pending: 0,  // scans whose verdict has not come yet
};

// Show a message, or clear it.
export function say(text) { message.textContent = text ?? ''; }

// Return the text for a problem in an answer of the program.
export function problem(answer) {
  return message.getAttribute(`data-problem-${answer.title}`) ?? answer.detail;
}

// Return the verdict on screen, if there is one.
export function current() { return place.querySelector('.verdict'); }

// Return an ISO date from what people write: dd/mm/yyyy, mm/yyyy or yyyy.
export function isoDate(text) {
  return text.trim().split(/[/.-]/).reverse().map((part) => part.padStart(2, '0')).join('-');
}
