// The fixed parts of the desk's page, its message line, and what is on its screen now.
import {soundFault} from '../sounds.js';

// Return an element of the page by its id.
export const byId = (id) => document.getElementById(id);

export const field = byId('payload');
export const place = byId('verdict');
export const message = byId('message');
const lamp = byId('lamp-enter');

// A reading is a scan with all verdicts on it. `requested` is the newest reading that is or will be on
// screen, and `before` the one before it; `shown` is on screen now.
export const screen = {
  requested: null,
  before: null,
  shown: null,
  left: null,  // what was on screen when the last scan began: {reading, isCard}; null if there was nothing
  html: '',    // of the verdict that is shown, as the program sent it
  key: null,   // the idempotency key of the visit on screen, the same for all attempts to record it
  awaited: null,  // the scan whose verdict is to come next on screen: {reading}, which is null until it is known
  pending: 0,  // scans whose verdict has not come yet
  recording: false,  // whether a recording is on its way, or its outcome is not known
};

// Show a message, or clear it.
export function say(text) { message.textContent = text ?? ''; }

// The fields of the page whose ids are not the names by which the program knows them.
const IDS = {
  'referral.signed_on': 'signed',
  'referral.facility': 'referral_facility',
  'referral.number': 'referral_number',
  'referral.form': 'referral_form',
  'appointment.number': 'appointment_number',
  'appointment.facility': 'appointment_facility',
  'guardian.name': 'guardian_name',
  'guardian.number': 'guardian_number',
  'guardian.phone': 'guardian_phone',
  'numbers.kind': 'document_kind',
  'numbers.number': 'document_number',
};

// Return the field that a problem is about, if it is on the page.
export function fieldAtFault({field: name}) {
  return name ? byId(IDS[name] ?? name) : null;
}

// Return in words what is wrong with the field of a problem, if it is about one.
export function faultText({fault}) { return fault ? message.getAttribute(`data-fault-${fault}`) : null; }

// Return the text for a problem in an answer of the program. What is wrong with a field begins with its name.
export function problem(answer) {
  const wrong = faultText(answer);
  const label = fieldAtFault(answer)?.labels?.[0];
  if (wrong) return label ? `${label.textContent}: ${wrong}` : wrong;
  const words = message.getAttribute(`data-problem-${answer.title}`) ?? answer.detail;
  return answer.request ? `${words} (${answer.request})` : words;
}

// Return the verdict on screen, if there is one.
export function current() { return place.querySelector('.pass[data-reading]'); }

// Show a fixed state of the page: `waiting`, `reading`, `silent` or `checking`. Enter does nothing in it.
export function showState(name) {
  place.replaceChildren(byId(`state-${name}`).content.cloneNode(true));
  arm();
  showLamp();
}

// Show that the program does not answer.
export function showSilent() {
  showState('silent');
  soundFault();
}

// Let what is on screen be used again.
export function arm() {
  place.classList.remove('left');
  place.inert = false;
}

// Take the patient off the screen, because a scan begins: neither Enter nor a press records any more.
export function disarm() {
  const pass = current();
  if (pass) screen.left = {reading: screen.shown, isCard: 'card' in pass.dataset};
  screen.shown = null;
  for (const part of place.querySelectorAll('[data-ready]')) delete part.dataset.ready;
  place.classList.add('left');
  place.inert = true;
  showLamp();
}

// Return whether Enter may press the first button of the verdict on screen.
export function isReady() { return 'ready' in (current()?.dataset ?? {}); }

// Say beside the scan field what Enter does now.
export function showLamp() {
  const isTyped = field.value.trim() !== '';
  const primary = isReady() && !isTyped ? current().querySelector('[data-primary]') : null;
  let words = isTyped ? lamp.dataset.check : lamp.dataset.off;
  if (primary) words = primary.dataset.enter;
  lamp.className = `lamp-enter ${lampClass(primary, isTyped)}`;
  const text = lamp.querySelector('span');
  if (text.textContent !== words) text.textContent = words;
}

// Return how the lamp looks: in the tone of the outcome if Enter records, struck through if it does nothing.
function lampClass(primary, isTyped) {
  if (primary?.classList.contains('records') && !('toFields' in primary.dataset)) return `armed ${current().dataset.tone}`;
  return primary || isTyped ? '' : 'off';
}

// Return whether the clerk is typing in the form on screen: then no other patient may take its place. The clerk is
// as long as the focus stays beside the verdict and a field differs from how it was shown.
export function isTyping() {
  if (document.querySelector('dialog[open]:not(.drawer)')) return true;
  return place.contains(document.activeElement) && isEdited((input) => input.name !== 'case');  // a case alone is soon chosen again
}

// Return whether something was typed or chosen in the form on screen, in the fields that count.
export function isEdited(counts = () => true) {
  return [...place.querySelectorAll('input, select, textarea')].some((input) => counts(input) && isFilled(input));
}

// Return whether something was typed or chosen in a field.
export function isFilled(input) {
  if (input.type === 'checkbox' || input.type === 'radio') return input.checked !== input.defaultChecked;
  const before = input.defaultValue ?? [...input.options].find((option) => option.defaultSelected)?.value ?? input.options[0]?.value;
  return input.value !== (before ?? '');
}

// Change a part of the page. What was unfolded in it stays so.
export function keepUnfolded(part, change) {
  const unfolded = [...part.querySelectorAll('details[open]')].map(wordsOf);
  change();
  for (const fold of part.querySelectorAll('details')) fold.open ||= unfolded.includes(wordsOf(fold));
}

// Return the words on a part that can be folded.
function wordsOf(fold) { return fold.querySelector('summary').textContent; }
