// What the clerk enters: a typed number, a picture, no card, or a pretend patient; and the keys.
import {BROWSER} from '../browser.js';
import {post, postJson} from '../call.js';
import {KEYBOARD} from '../keyboard_reader.js';
import {firstEmpty} from './confirm.js';
import {byId, current, field, isReady, isTyping, message, place, problem, say, screen, showLamp, showState} from './screen.js';
import {beginScan, clear, open, refreshUnfinished, show} from './verdict.js';

const TYPED = `typed-${BROWSER}`;
const TWO_PRESSES_MS = 150;  // a click storm is one press
let kept = '';  // what was typed and not judged
let lastTyped = '';  // what was typed and judged last: "correct the number" puts it back

// Send what a keyboard-type reader has read. While the clerk types, the patient goes to the list.
export function readFromKeyboard(payload) {
  const call = postJson('/api/scans', {payload, reader: KEYBOARD});
  if (isTyping() || screen.recording) return call.then(refreshUnfinished, () => say(message.dataset.noAnswer));
  return showAnswer(call);
}

// Wait for the answer to a scan ({ok, answer}), and show its verdict. Returns whether there is one. The option
// `typed` says that a clerk typed it.
export async function showAnswer(call, options) {
  if (screen.recording) return false;
  say();
  const endWait = beginScan();
  screen.pending += 1;
  try {
    const {ok, answer} = await call;
    endWait();
    if (ok && answer.attempt) await show(answer.attempt, options);
    else notRead(ok ? advice(answer) : problem(answer));
    if (answer.attempt && field.value === kept) field.value = '';  // another scan came in its place
    return ok && Boolean(answer.attempt);
  } catch {
    endWait();
    showState('silent');
    say(message.dataset.noAnswer);
    return false;
  } finally {
    screen.pending -= 1;
    refreshUnfinished().catch(() => {});
  }
}

// Return in words what to do about a picture in which no card was found.
function advice(answer) { return byId('advice').getAttribute(`data-${answer.advice}`) ?? message.dataset.noCode; }

// Nothing was read: the desk is ready again, without the patient before, who is in the list.
function notRead(words) {
  clear();
  say(words);
}

// Judge what was typed. Without a verdict on it, it stays in the field, selected: the next key replaces it.
async function check(payload) {
  lastTyped = payload;
  const isJudged = await showAnswer(postJson('/api/scans', {payload, reader: TYPED}), {typed: true});
  if (isJudged || field.value) return;
  kept = field.value = payload;
  field.select();
  showLamp();
}

// Take what was typed. Enter in the empty field presses the first button of the verdict on screen.
function enter() {
  const payload = field.value;
  field.value = '';
  if (payload.trim()) return check(payload);
  if (payload) return;  // blanks alone may come from a reader, and confirm nobody
  // A reader may send two Enters: the second one must not confirm the patient before.
  if (isReady() && !screen.pending && !screen.recording) pressPrimary();
}

// Press the first button of the verdict. Before it records, name and birth date must not be empty.
function pressPrimary() {
  const primary = current().querySelector('[data-primary]');
  const empty = primary?.value === 'confirm' ? firstEmpty(byId('confirm')) : null;
  if (empty) empty.focus();
  else primary?.click();
}

// What the buttons of a verdict do that record nothing.
const ACTIONS = {
  next: () => clear(),
  expect: () => clear('expecting'),
  reason: () => unfold('clerk_reason'),
  again: () => unfold('repeat_reason'),
  more: () => unfold('phone'),
  ticket: () => showTicketAgain(),
  correct: () => {
    const typed = lastTyped;
    clear();
    field.value = typed;
    showLamp();
  },
};

// Open the part of the form that holds a field, and go to the field.
function unfold(id) {
  const input = byId(id);
  for (let fold = input?.closest('details, [hidden]'); fold; fold = fold.parentElement.closest('details, [hidden]')) {
    fold.hidden = false;
    if (fold.tagName === 'DETAILS') fold.open = true;
  }
  input?.focus();
}

// Show the number that a patient has already; nothing is recorded.
function showTicketAgain() {
  const pass = current();
  pass.querySelector('.face').replaceChildren(byId('ticket-again').content.cloneNode(true));
  pass.dataset.ready = '';
  showLamp();
  field.focus();
}

// Send the chosen picture.
async function sendPicture({target}) {
  const [file] = target.files;
  const headers = {'Content-Type': 'application/octet-stream', 'X-Camera': BROWSER};
  if (file) await showAnswer(post('/api/pictures', file, headers));
  target.value = '';
  field.focus();
}

// Put a patient off the list, with the reason that was chosen.
async function setAside(select) {
  if (!select.value) return;
  try {
    const {ok, answer} = await postJson(`/desk/unfinished/${select.dataset.aside}`, {reason: select.value});
    if (!ok) say(problem(answer));
    await refreshUnfinished();
  } catch {
    say(message.dataset.noAnswer);
  }
  field.focus();
}

// Do what a key of the desk stands for; return whether it stands for something.
function pressKey(event) {
  const {key, altKey, ctrlKey, metaKey, code} = event;
  if (ctrlKey || metaKey) return false;
  if (altKey) return press(place.querySelector(`[data-key="${code.replace('Key', '').toLowerCase()}"]`));
  if (key === 'F2') return press(byId('camera-button'));
  if (key === 'F4') return press(byId('no-card'));
  if (key === 'F8') return focusOn(byId('unfinished').querySelector('button'));
  if (key === 'F9') return press(place.querySelector('[data-key="f9"]'));
  return false;
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
  byId('no-card').addEventListener('click', () => showAnswer(postJson('/api/scans', {no_card: true, reader: TYPED})));
  for (const button of document.querySelectorAll('button[data-scan]')) {
    button.addEventListener('click', () => { showAnswer(post(button.dataset.scan)); field.focus(); });
  }
  let pressedAt = -Infinity;
  place.addEventListener('click', (event) => {
    const action = event.target.closest('[data-do]')?.dataset.do;
    if (!action || event.timeStamp - pressedAt < TWO_PRESSES_MS) return;
    pressedAt = event.timeStamp;
    ACTIONS[action]();
  });
  byId('unfinished').addEventListener('click', ({target}) => {
    const row = target.closest('[data-open]');
    if (row) open(Number(row.dataset.open)).then(() => field.focus(), () => say(message.dataset.noAnswer));
  });
  byId('unfinished').addEventListener('change', ({target}) => { if ('aside' in target.dataset) setAside(target); });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !screen.recording) clear();
    if (event.key === 'Enter' && event.repeat) event.preventDefault();  // the key is held down
    if (pressKey(event)) event.preventDefault();
  });
}
