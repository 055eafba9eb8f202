// The check of one reader: shows the codes, and what the program found about each.
// The program is asked about a reader of the settings; one that types like a keyboard types here.
import {BROWSER} from './browser.js';
import {fragment, postJson} from './call.js';
import {byPlace} from './keystrokes.js';

const ASK_EVERY_MS = 500;
const SILENCE_MS = 600;   // behind a code: longer than a reader pauses that types it twice

const check = document.getElementById('check');
const results = document.getElementById('results');
const message = document.getElementById('message');
const field = document.getElementById('typed');
const named = check.dataset.reader;
const reader = named || `keyboard-${BROWSER}`;

// Show one code, and mark its step.
function showCode(key) {
  for (const code of document.querySelectorAll('[data-code]')) code.hidden = code.dataset.code !== key;
  for (const step of document.querySelectorAll('[data-show]')) {
    if (step.dataset.show === key) step.setAttribute('aria-current', 'true');
    else step.removeAttribute('aria-current');
  }
  field?.focus();
}

let isOver = false;

// What was found is shown, and the code that was read well gives way to the next one.
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

// Show a message, or none.
function say(text) { message.textContent = text ?? ''; }

// Send what was read, or that nothing was, and show the answer.
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
    else field?.focus();  // the reader's next Enter is no answer
  });
}

// A reader of the settings: this page has it for as long as it is in front; then the desk has it again.
async function listen() {
  while (!isOver) {
    if (!document.hidden) {
      await send('look', {});
      if (document.hidden) end();
    }
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
  }
}

// Give the reader back to the desk.
function end() {
  fetch('/api/reader-checks/end', {
    method: 'POST', keepalive: true, headers: {'Content-Type': 'application/json'}, body: JSON.stringify({reader}),
  });
}

// A reader that types: its keys and their times, and what came of them in the field.
function watchKeys() {
  let keys = [], timer = null;
  field.addEventListener('keydown', (event) => {
    const {key, code, shiftKey: shift, altKey: alt, timeStamp: time} = event;
    if (!['Shift', 'Control', 'Alt', 'CapsLock', 'Meta'].includes(key)) keys.push({key, code, shift, alt, time});
    if (key === 'Tab' && !event.shiftKey && keys.length > 1) {  // behind a scan it is the reader's; alone a person's
      event.preventDefault();
      field.setRangeText('\t', field.selectionEnd, field.selectionEnd, 'end');
    }
    clearTimeout(timer);
    timer = setTimeout(done, SILENCE_MS);
  });
  // Send what was typed, after a silence.
  async function done() {
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
if (named) {
  listen();
  addEventListener('pagehide', end);
  document.addEventListener('visibilitychange', () => { if (document.hidden) end(); });
} else {
  watchKeys();
  field.focus();
}
