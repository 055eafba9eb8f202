// What the clerk enters: a typed number, a picture, no card, or a pretend patient; and the keys.
import {takeBadge} from '../badge.js';
import {BROWSER} from '../browser.js';
import {post, postJson} from '../call.js';
import {KEYBOARD} from '../keyboard_reader.js';
import {soundWaiting} from '../sounds.js';
import {isTestCard} from '../test_card.js';
import {firstEmpty} from './confirm.js';
import {awaitNext, beginFamily, endFamily, takeAdult} from './family.js';
import {askReason, chooseCase, toFirstEmpty} from './forms.js';
import {keptForm} from './kept_forms.js';
import {explain, selectFault} from './typing_help.js';
import {byId, current, field, isReady, isTyping, message, place, problem, say, screen, showLamp} from './screen.js';
import {beginScan, clear, giveUp, open, refreshUnfinished, show, showTicketAgain} from './verdict.js';

const TYPED = `typed-${BROWSER}`;
const TWO_PRESSES_MS = 150;  // a click storm is one press
const HAS_POPOVERS = CSS.supports('selector(:popover-open)');
const CLOSED_BY_ESCAPE = HAS_POPOVERS ? 'dialog[open], :popover-open' : 'dialog[open]';
let kept = '';  // what was typed and not judged
let lastTyped = '';  // what was typed and judged last: "correct the number" puts it back

// Send what a keyboard-type reader has read.
export function readFromKeyboard(payload) {
  if (isTestCard(payload)) {
    say(message.dataset.testCard);
    return true;
  }
  return takeBadge(payload) || takeScan(postJson('/api/scans', {payload, reader: KEYBOARD}));
}

// Take a scan, whichever way it came: `call` is the answer to it ({ok, answer}), or a promise of it. While the clerk
// types, a dialog is open or a visit is being recorded, the patient goes to the list; else the verdict is shown.
// Returns whether it is on screen.
export function takeScan(call) { return isTyping() || screen.recording ? putInList(call) : showAnswer(call); }

// Wait for the answer to a scan whose patient goes to the list. Returns that no verdict is on screen.
async function putInList(call) {
  try {
    const {ok, answer} = await call;
    await refreshUnfinished();
    if (!ok) say(problem(answer));
    else if (answer.attempt) soundWaiting();
    else say(advice(answer));
  } catch {
    say(message.dataset.noAnswer);
  }
  return false;
}

// Wait for the answer to a scan ({ok, answer}), and show its verdict. Returns whether there is one. The option
// `typed` says that a clerk typed it. While a visit is being recorded, the patient goes to the list.
async function showAnswer(call, options) {
  if (screen.recording) return putInList(call);
  say();
  const scan = beginScan();
  screen.pending += 1;
  try {
    const {ok, answer} = await call;
    if (ok && answer.attempt) await show(answer.attempt, {...options, scan});
    else notRead(ok ? advice(answer) : problem(answer), scan);
    if (answer.attempt && field.value === kept) field.value = '';  // another scan came in its place
    return ok && Boolean(answer.attempt);
  } catch {
    giveUp(scan);
    return false;
  } finally {
    screen.pending -= 1;
    refreshUnfinished().catch(() => {});
  }
}

// Return in words what to do about a picture in which no card was found.
function advice(answer) { return byId('advice').getAttribute(`data-${answer.advice}`) ?? message.dataset.noCode; }

// Nothing was read: the desk is ready again, without the patient before, who is in the list.
function notRead(words, scan) {
  if (screen.awaited === scan) clear();  // else another scan has come in its place
  say(words);
}

// Judge what was typed. Without a verdict on it, it stays in the field, selected: the next key replaces it.
async function check(payload) {
  lastTyped = payload;
  const isJudged = await showAnswer(postJson('/api/scans', {payload, reader: TYPED}), {typed: true});
  if (isJudged || field.value) return explain();
  kept = field.value = payload;
  field.select();
  showLamp();
}

// Take what was typed. Enter in the empty field presses the first button of the verdict on screen.
function enter() {
  const payload = field.value;
  field.value = '';
  explain();
  if (payload.trim()) return check(payload);
  if (payload) return;  // blanks alone may come from a reader, and confirm nobody
  // A reader may send two Enters: the second one must not confirm the patient before.
  if (isReady() && !screen.pending && !screen.recording) pressPrimary();
}

// Press the first button of the verdict. Before it records, name and birth date must not be empty.
function pressPrimary() {
  const primary = current().querySelector('[data-primary]');
  if (primary && 'toFields' in primary.dataset) return toFirstEmpty();
  const empty = primary?.value === 'confirm' ? firstEmpty(byId('confirm')) : null;
  if (empty) empty.focus();
  else primary?.click();
}

// What the buttons of a verdict do that record nothing.
const ACTIONS = {
  next: () => goOn(),
  family: () => {
    beginFamily(place.querySelector('[data-do=family]').dataset);
    clear('family');
  },
  expect: () => clear('expecting'),
  reason: () => askReason(),
  again: () => unfold('repeat_reason'),
  more: () => unfold('phone'),
  ticket: () => showAgain(),
  correct: () => {
    const typed = lastTyped;
    clear();
    field.value = typed;
    showLamp();
    selectFault(typed);
  },
};

// Clear the screen for the next patient. A family ends after a recorded visit, but not with a card of theirs that was
// put off or could not be read.
function goOn() {
  if (place.querySelector('.ticket')) endFamily();
  clear(awaitNext() ? 'family' : 'waiting');
}

// End a family, and clear the screen.
function leave() {
  if (screen.recording) return;
  endFamily();
  clear();
}

// Open the part of the form that holds a field, and go to the field.
function unfold(id) {
  const input = byId(id);
  for (let fold = input?.closest('details, [hidden]'); fold; fold = fold.parentElement.closest('details, [hidden]')) {
    fold.hidden = false;
    if (fold.tagName === 'DETAILS') fold.open = true;
  }
  input?.focus();
}

// Show the number that a patient has already, on the patient's display too; nothing is recorded.
function showAgain() {
  const {visitOf} = byId('ticket-again').dataset;
  postJson('/display/patient/again', {visit_of: Number(visitOf)}).catch(() => {});  // the desk goes on without its display
  showTicketAgain();
  field.focus();
}

// Show the form for a patient who has no card, and go to its first field.
async function noCard() {
  if (screen.recording) return;
  // On the ticket of such a patient the form is gone: the next one begins.
  if (current()?.dataset.reason === 'no_card_shown' && byId('confirm') && isReady()) return toFirstEmpty();
  const isShown = await showAnswer(postJson('/api/scans', {no_card: true, reader: TYPED}));
  if (isShown && byId('confirm') && 'withoutCard' in byId('confirm').dataset) toFirstEmpty();
}

// Send the chosen picture.
async function sendPicture({target}) {
  const [file] = target.files;
  const headers = {'Content-Type': 'application/octet-stream', 'X-Camera': BROWSER};
  const isShown = file && await takeScan(post('/api/pictures', file, headers));
  target.value = '';
  if (isShown || !isTyping()) field.focus();
}

// Put a patient off the list, with the reason that was chosen.
async function setAside(select) {
  if (!select.value) return;
  try {
    const {ok, answer} = await postJson(`/desk/unfinished/${select.dataset.aside}`, {reason: select.value});
    if (ok) keptForm(Number(select.dataset.aside));
    else say(problem(answer));
    await refreshUnfinished();
  } catch {
    say(message.dataset.noAnswer);
  }
  field.focus();
}

// Do what a key of the desk stands for; return whether it stands for something.
function pressKey(event) {
  const {key, altKey, ctrlKey, metaKey, code} = event;
  if (ctrlKey && key === 'Enter') return pressRecorder(event);
  if (ctrlKey || metaKey || document.querySelector('dialog[open]')) return false;
  if (altKey) return pressLetter(code.replace('Key', '').toLowerCase());
  return key in FUNCTION_KEYS && FUNCTION_KEYS[key]();
}

// What the function keys do; each returns whether it did something.
const FUNCTION_KEYS = {
  F1: () => press(document.querySelector('.rail [aria-keyshortcuts="F1"]')),  // what was typed is kept (leaving.js)
  F2: () => press(byId('camera-button')),
  F4: () => press(byId('no-card')),
  F8: () => focusOn(byId('unfinished').querySelector('li:not([hidden]) button')),
  F9: () => press(place.querySelector('[data-key="f9"]')),
};

// Press what a letter with Alt stands for: a button, or a case of the form without a card.
function pressLetter(letter) {
  const part = place.querySelector(`[data-key="${letter}"]`);
  if (part?.name !== 'case') return press(part);
  chooseCase(part.value);
  return true;
}

// Record a patient without a card by Ctrl+Enter in the empty scan field, too.
function pressRecorder({target}) {
  const primary = current()?.querySelector('[data-primary][data-to-fields]');
  return target === field && !field.value && isReady() && press(primary);
}

// Return whether a key would go nowhere, because what had the focus has left the page.
function isLost({key, ctrlKey, altKey, metaKey}) {
  if (document.activeElement !== document.body || document.querySelector('dialog[open]')) return false;
  return !ctrlKey && !altKey && !metaKey && (key === 'Enter' || [...key].length === 1);
}

// Press a button, if it is there.
function press(button) {
  button?.click();
  return Boolean(button);
}

// Go to an element, if it is there.
function focusOn(element) {
  element?.focus();
  return Boolean(element);
}

// React to the fields, buttons and keys that a clerk uses.
export function watchInput() {
  byId('scan').addEventListener('submit', (event) => {
    event.preventDefault();
    enter();
  });
  field.addEventListener('input', showLamp);
  byId('picture').addEventListener('change', sendPicture);
  byId('no-card').addEventListener('click', noCard);
  for (const button of document.querySelectorAll('button[data-scan]')) {
    button.addEventListener('click', () => {
      takeScan(post(button.dataset.scan));
      if (!isTyping()) field.focus();
    });
  }
  byId('family-end').addEventListener('click', leave);
  place.addEventListener('click', ({target}) => { if (target.closest('[data-bring]')) takeAdult(); });
  let pressedAt = -Infinity;
  place.addEventListener('click', (event) => {
    const action = event.target.closest('[data-do]')?.dataset.do;
    if (!action || screen.recording || event.timeStamp - pressedAt < TWO_PRESSES_MS) return;
    pressedAt = event.timeStamp;
    ACTIONS[action]();
  });
  byId('unfinished').addEventListener('click', ({target}) => {
    const row = target.closest('[data-open]');
    if (row) open(Number(row.dataset.open)).then(() => field.focus(), () => say(message.dataset.noAnswer));
  });
  byId('unfinished').addEventListener('change', ({target}) => { if ('aside' in target.dataset) setAside(target); });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !document.querySelector(CLOSED_BY_ESCAPE)) leave();
    if (isLost(event)) field.focus();  // the key goes there
    if (event.key === 'Enter' && event.repeat) event.preventDefault();  // the key is held down
    if (pressKey(event)) event.preventDefault();
  });
}
