// The page of enquiries: a card that is scanned here, or a number that is typed, is looked up and is nowhere else.
// All that names a person goes in bodies and comes back as a part of the page.
import {BROWSER} from '../browser.js';
import {LONG_MS} from '../call.js';
import {forgetOld} from '../kept.js';
import {watchKeyboard} from '../keyboard_reader.js';
import {watchProgram} from '../program.js';
import {takeAway, wireCard} from './card.js';

const PAGE = `${BROWSER}-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
const POLL_MS = 700;
const SEARCH_MS = 250;          // after the last key
const KEPT_MS = 10 * 60_000;    // as long as the program keeps an enquiry

const byId = (id) => document.getElementById(id);
const page = byId('enquiry');
const result = byId('result');
const nothing = result.innerHTML;
let order = 0;       // of the calls: only the newest one is shown
let wiping = null;
let searching = null;

// Send a value to a path of this page; return {status, text, answer}: a part of the page, or a problem.
async function send(path, value) {
  const response = await fetch(`/enquiry/${path}`, {
    method: 'POST', body: JSON.stringify(value), headers: {'Content-Type': 'application/json'},
    signal: AbortSignal.timeout(LONG_MS),
  });
  const text = await response.text();
  return {ok: response.ok, status: response.status, text, answer: response.ok ? null : JSON.parse(text)};
}

// Return the secret name of the enquiry on the page; empty without one.
function shownName() { return result.querySelector('[data-name]')?.dataset.name ?? ''; }

// Ask something about a card, and show what comes back. What was shown before is wiped at once.
async function lookUp(path, value) {
  const before = shownName(), own = order += 1;
  showFault();
  if (path !== 'payments' && path !== 'ask') wipe(page.dataset.busy);
  else for (const button of result.querySelectorAll('button')) button.disabled = true;
  result.setAttribute('aria-busy', 'true');
  try {
    const {ok, text, answer} = await send(path, {...value, before});
    if (own !== order) return;
    if (ok) show(text);
    else refuse(answer, path);
  } catch {
    if (own !== order) return;
    wipe();
    showFault(page.dataset.noAnswer);
  } finally {
    if (own === order) result.removeAttribute('aria-busy');
  }
  refreshLog();
}

// Show what is known of a card, for as long as the program keeps it.
function show(text) {
  result.innerHTML = text;
  clearTimeout(wiping);
  wiping = setTimeout(() => wipe(page.dataset.wiped), KEPT_MS);
  const card = result.querySelector('.card-part');
  if (card) wireCard(card);
  byId('add-holder')?.addEventListener('submit', (event) => {
    event.preventDefault();
    lookUp('ask', {name: shownName(), holder: byId('add-name').value, born: byId('add-born').value});
  });
  byId('add-name')?.focus();
  if (result.getBoundingClientRect().top > innerHeight / 2) result.scrollIntoView();  // a narrow screen
}

// Show why something was not looked up; a field that is at fault gets the focus.
function refuse({words, detail, field}, path) {
  if (path !== 'ask' && path !== 'payments') wipe();
  else for (const button of result.querySelectorAll('button')) button.disabled = false;
  showFault(words ?? detail);
  const ids = path === 'ask' ? {holder: 'add-name', born: 'add-born'} : {};
  byId(ids[field] ?? field)?.focus();
}

// Take everything of a person off the page, and off the patient's screen.
function wipe(words) {
  clearTimeout(wiping);
  takeAway();
  result.innerHTML = nothing;
  if (words) byId('nothing').textContent = words;
}

// Show what is wrong, or clear it.
function showFault(words = '') { byId('fault').textContent = words; }

// Show how many questions are left, and who has looked up what.
async function refreshLog() {
  try {
    const {ok, text} = await send('log', {});
    if (ok) byId('log').innerHTML = text;
  } catch { /* the notice on top says that the program is away */ }
}

// Empty the form and forget the enquiry.
function clear() {
  const name = shownName();
  order += 1;
  byId('typed').reset();
  showFault();
  wipe();
  result.removeAttribute('aria-busy');
  if (name) send('close', {name}).catch(() => {});
  byId('number').focus();
}

// Take what a keyboard-type reader has read.
function take(payload) {
  byId('typed').reset();
  return lookUp('scan', {payload});
}

// Say again and again that this page listens for the readers of its desk, and look up what they have read.
async function listen() {
  for (;;) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    if (document.hidden || !document.hasFocus()) continue;
    try {
      const {status, text} = await send('next', {page: PAGE});
      if (status !== 200) continue;
      byId('typed').reset();
      lookUp('taken', JSON.parse(text));
    } catch { /* the notice on top says that the program is away */ }
  }
}

// Search facilities a moment after the last key.
function search() {
  clearTimeout(searching);
  searching = setTimeout(async () => {
    try {
      const {ok, text} = await send('facilities', {words: byId('words').value, unit: byId('unit').value});
      if (ok) byId('found').innerHTML = text;
    } catch { /* as above */ }
  }, SEARCH_MS);
}

byId('typed').addEventListener('submit', (event) => {
  event.preventDefault();
  lookUp('typed', Object.fromEntries(new FormData(event.target)));
});
byId('clear').addEventListener('click', clear);
byId('facilities').addEventListener('input', search);
byId('facilities').addEventListener('submit', (event) => { event.preventDefault(); search(); });
result.addEventListener('click', ({target}) => {
  const path = target.closest('[data-do]')?.dataset.do;
  if (path) lookUp(path, {name: shownName()});
});
// Leaving the page forgets the enquiry, also in the copy that a browser keeps to go back to.
addEventListener('pagehide', () => {
  const name = shownName(), as = (value) => new Blob([JSON.stringify(value)], {type: 'application/json'});
  if (name) navigator.sendBeacon('/enquiry/close', as({name}));
  if ('listens' in page.dataset) navigator.sendBeacon('/enquiry/next', as({page: PAGE, leaves: true}));
  byId('typed').reset();
  wipe();
});

watchKeyboard(take);
watchProgram();
forgetOld();
if ('listens' in page.dataset) listen();
byId('number').focus();
