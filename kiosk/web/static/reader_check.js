// The page that checks one reader: shows the codes, and what the program found about each.
// The page asks the program about a reader of the settings; a keyboard-type reader types into it.
import {BROWSER} from './browser.js';
import {fragment, postJson} from './call.js';
import {byPlace} from './keystrokes.js';
import {watchProgram} from './program.js';

const POLL_MS = 500;
const SILENCE_MS = 600;  // after a code; a reader that types each code twice pauses for less

const check = document.getElementById('check');
const results = document.getElementById('results');
const message = document.getElementById('message');
const field = document.getElementById('typed');
const readerOfSettings = check.dataset.reader;
const reader = readerOfSettings || `keyboard-${BROWSER}`;

// Show one code, and mark its button.
function showCode(key) {
  for (const code of document.querySelectorAll('[data-code]')) code.hidden = code.dataset.code !== key;
  for (const step of document.querySelectorAll('[data-show]')) {
    if (step.dataset.show === key) step.setAttribute('aria-current', 'true');
    else step.removeAttribute('aria-current');
  }
  field?.focus();
}

let isOver = false;

// Show the answer to a scan; if the code on screen was read well, show the next one.
async function onAnswer({ok, status, answer}) {
  isOver = status === 410;
  if (isOver) return say(check.dataset.over);
  if (!ok) return say(answer.detail);
  if (answer.found === null) return message.textContent === check.dataset.noAnswer ? say() : undefined;
  say(answer.code ? undefined : check.dataset.other);
  await showResults();
  const shown = document.querySelector('[data-code]:not([hidden])');
  if (answer.good && answer.code === shown.dataset.code) {
    const next = shown.nextElementSibling;
    if (next?.dataset.code) showCode(next.dataset.code);
  }
}

// Show what was found so far.
async function showResults() {
  results.innerHTML = await fragment(`/readers/results?reader=${encodeURIComponent(reader)}`);
}

// Show a message, or clear it.
function say(text) { message.textContent = text ?? ''; }

// Send what the reader sent, or that it did not read the code, and show the answer.
async function send(path, body) {
  try {
    await onAnswer(await postJson(`/api/reader-checks/${path}`, {reader, ...body}));
  } catch {
    say(check.dataset.noAnswer);
  }
}

for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => showCode(button.dataset.show));
}
for (const button of document.querySelectorAll('[data-not-read]')) {
  button.addEventListener('click', async () => {
    await send('not-read', {code: button.dataset.notRead});
    const next = button.closest('[data-code]').nextElementSibling;
    if (next?.dataset.code) showCode(next.dataset.code);
    else field?.focus();  // the reader's next Enter must not press the button again
  });
}

// Ask for the scans of a reader of the settings while this page is in front; else the desk gets them.
async function poll() {
  while (!isOver) {
    if (!document.hidden) {
      await send('look', {});
      if (document.hidden) end();
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

// Give the reader back to the desk.
function end() {
  fetch('/api/reader-checks/end', {
    method: 'POST', keepalive: true, headers: {'Content-Type': 'application/json'}, body: JSON.stringify({reader}),
  });
}

// Record the keys of a keyboard-type reader, their times, and the text that they made in the field.
function watchKeys() {
  let keys = [], timer = null;
  field.addEventListener('keydown', (event) => {
    const {key, code, shiftKey: shift, altKey: alt, timeStamp: time} = event;
    if (!['Shift', 'Control', 'Alt', 'CapsLock', 'Meta'].includes(key)) keys.push({key, code, shift, alt, time});
    if (key === 'Tab' && !event.shiftKey && keys.length > 1) {  // after other keys it belongs to a scan; alone it is a person's
      event.preventDefault();
      field.setRangeText('\t', field.selectionEnd, field.selectionEnd, 'end');
    }
    clearTimeout(timer);
    timer = setTimeout(sendTyped, SILENCE_MS);
  });
  // Send what was typed, after a silence.
  async function sendTyped() {
    const typed = keys, text = field.value;
    keys = [];
    field.value = '';
    if (!text.trim()) return;
    const gaps = typed.slice(1).map(({time}, at) => time - typed[at].time).sort((a, b) => a - b);
    await send('typed', {
      text,
      places: typed.map((key) => byPlace(key) ?? '').join(''),
      gap_ms: gaps.length ? gaps[gaps.length >> 1] : null,
      alt_codes: typed.some(({alt, code}) => alt && code.startsWith('Numpad')),
    });
  }
}

showResults().catch(() => say(check.dataset.noAnswer));
if (readerOfSettings) {
  poll();
  addEventListener('pagehide', end);
  document.addEventListener('visibilitychange', () => { if (document.hidden) end(); });
} else {
  watchKeys();
  field.focus();
}
watchProgram();
