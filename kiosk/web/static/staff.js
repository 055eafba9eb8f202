// Who is signed in: hides the page when nobody touches it, asks for the PIN, and lets the next clerk take over.
// What was typed stays where it is. The program decides; this page only hides what it has.
import {awaitBadge} from './badge.js';
import {postJson} from './call.js';

const LOOK_MS = 5000;
const BY_PERSON = {'X-By-Person': '1'};
const TAKE_OVER = 'F7';

const dialog = document.getElementById('lock');
const form = document.getElementById('lock-form');
const heading = document.getElementById('lock-heading');
const message = form.querySelector('.message');
const {number, idleS, locked: lockedWords, change: changeWords, silent} = dialog.dataset;
const IDLE_MS = idleS * 1000;
const otherTabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel('tiepdon-staff-1') : null;

let touched = performance.now();  // when a person last did something in this page
let reported = touched;  // when the program last learned of it
let isLocked = false;

// Note that a person does something, and tell the program now and then.
function touch() {
  if (isLocked) return;
  touched = performance.now();
  if (touched - reported < IDLE_MS / 6) return;
  reported = touched;
  session(BY_PERSON).catch(() => {});
}

// Return what the program says of the session.
async function session(headers = {}) {
  const response = await fetch('/sign-in/session', {headers, cache: 'no-store', signal: AbortSignal.timeout(LOOK_MS)});
  if (response.status === 401) return {locked: true};
  return response.json();
}

// Lock the page once nobody has touched it for long enough, here or in another tab.
async function look() {
  if (isLocked || performance.now() - touched < IDLE_MS) return;
  const {locked, left_s: left} = await session().catch(() => ({locked: true}));
  if (locked || left <= 0) cover(true);
  else touched = performance.now() - (IDLE_MS - left * 1000);
}

// Cover the page: locked, or to let somebody else take over.
function cover(lock) {
  isLocked = isLocked || lock;
  document.documentElement.classList.toggle('locked', isLocked);
  heading.textContent = isLocked ? lockedWords : changeWords;
  for (const id of ['lock-back', 'lock-now', 'lock-account']) document.getElementById(id).hidden = isLocked;
  if (!dialog.open) {
    clear();
    dialog.showModal();
  }
  form.account.value = isLocked ? number : '';
  form[isLocked ? 'pin' : 'account'].focus();
}

// Take the cover off again; nobody else has signed in.
function uncover() {
  isLocked = false;
  touched = reported = performance.now();
  document.documentElement.classList.remove('locked');
  clear();
  dialog.close();
  document.dispatchEvent(new Event('unlocked'));
}

// Lock the page, because its person goes away. If the program does not answer, the page is covered all the same.
function lockNow() {
  postJson('/sign-in/lock', {}).catch(() => {});
  cover(true);
  otherTabs?.postMessage({locked: true});
}

// Empty the fields: no PIN stays in a page.
function clear() {
  form.reset();
  message.textContent = '';
  for (const part of form.querySelectorAll('[data-part]')) part.hidden = true;
}

// Send what was typed; go on, or say what is missing.
async function enter(event) {
  event.preventDefault();
  const typed = Object.fromEntries(new FormData(form));
  try {
    const {ok, answer} = await postJson('/sign-in', typed);
    if (ok) return begun(String(answer.number));
    message.textContent = answer.words ?? answer.detail;
    ask(answer.result);
  } catch {
    message.textContent = silent;
  }
}

// Somebody has signed in, here or in another tab: go on, or open the page again for another person.
function begun(who, isHere = true) {
  if (isHere) otherTabs?.postMessage({number: who});
  if (who !== number) location.reload();
  else uncover();
}

// Do as the other tabs of this browser, which have the same session.
function follow({data}) {
  if (data.locked) cover(true);
  else begun(data.number, false);
}

// Show the field that the answer asks for, and go there.
function ask(result) {
  const part = {
    code_needed: 'code', wrong_code: 'code', far_code_needed: 'code', far_wrong: 'code', new_pin_needed: 'new_pin',
  }[result];
  if (part) form.querySelector(`[data-part="${part}"]`).hidden = false;
  const place = form[part ?? 'pin'];
  place.value = '';
  place.focus();
}

// The key that lets the next clerk take over.
function press(event) {
  touch();
  if (event.key !== TAKE_OVER || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  if (!dialog.open) cover(false);
}

// The dialog was closed. This comes later than the key: by then it may be open again, and somebody types.
function closed() {
  if (dialog.open) return;
  if (isLocked) dialog.showModal();
  else clear();
}

// A badge was read: it is the number, and the PIN is still to be typed.
function takeBadge({detail}) {
  if (!dialog.open) cover(false);
  form.account.value = detail;
  form.pin.focus();
}

document.addEventListener('badge', takeBadge);
awaitBadge(form, () => dialog.open);
otherTabs?.addEventListener('message', follow);
dialog.addEventListener('cancel', (event) => { if (isLocked) event.preventDefault(); });
dialog.addEventListener('close', closed);
form.addEventListener('submit', enter);
document.getElementById('lock-back').addEventListener('click', () => dialog.close());
document.getElementById('lock-now').addEventListener('click', lockNow);
document.getElementById('change-clerk').addEventListener('click', () => cover(false));
document.addEventListener('keydown', press, true);
document.addEventListener('pointerdown', touch, true);
document.addEventListener('input', touch, true);
addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });
setInterval(look, LOOK_MS);
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });
