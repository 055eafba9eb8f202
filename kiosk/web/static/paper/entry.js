// Enters the lines of a paper sheet: Enter goes from field to field, and records in the last one. What was
// typed stays until the program has said that it is recorded.
import {fragment, postJson} from '../call.js';
import {KEYBOARD, watchKeyboard} from '../keyboard_reader.js';
import {watchProgram} from '../program.js';

const CODE = /^(TIEPDON\W?G)?\d{1,6}\W?\d\d[A-Z]$/i;  // of a line, as readers read it and people type it
const EVERY_LINE = ['time', 'number', 'holder', 'born', 'phone'];  // what differs on every line
const POLL_MS = 700;
const REASONS = {reason_wanted: 'clerk_reason', already_here: 'repeat_reason'};

const byId = (id) => document.getElementById(id);
const form = byId('entry');
const lines = byId('lines');
let isBusy = false;  // while an entry is on its way
let scanned = null;  // the code that was asked about last

// Return the fields in the order of the keyboard: a number makes the name unnecessary.
function order() {
  const named = byId('number').value.trim() ? [] : ['holder', 'born', 'arrival', 'phone'];
  const asked = Object.values(REASONS).filter((name) => !byId(`${name}_field`).hidden);
  return ['code', 'day', 'time', 'number', 'room', ...named, ...asked];
}

// Go to the field after one; record after the last.
function goOn(name) {
  const names = order(), at = names.indexOf(name);
  if (at === names.length - 1 || (at < 0 && name === 'phone')) return enter();
  const next = at < 0 ? 'phone' : names[at + 1];  // at < 0: the box beside the list, or a name that need not be typed
  byId(next).focus();
  byId(next).select?.();
  return undefined;
}

// Show what is wrong, at its field, or clear it.
function showFault(words = '', name = '') {
  byId('fault').textContent = words;
  for (const field of form.querySelectorAll('.fault')) field.classList.remove('fault');
  const field = name && byId(name);
  if (!field) return;
  field.closest('.field').classList.add('fault');
  field.setAttribute('aria-describedby', 'fault');
  field.focus();
  field.select?.();
}

// Ask what is known of the line of a code; show its sheet, and go to the time.
async function findLine(code) {
  scanned = code;
  const {ok, answer} = await postJson('/paper/entry/lines', {code});
  if (scanned !== code) return;  // another code was read meanwhile
  if (!ok) return showFault(answer.words, 'code');
  showFault();
  byId('code').value = answer.code;
  if (lines.querySelector('ol')?.dataset.sheet !== String(answer.sheet)) byId('day').value = answer.day;
  await showSheet(answer.sheet);
  if (!answer.open) return showFault(answer.words, 'code');
  byId('time').focus();
}

// Go to the line of a code that a reader has read. What was typed for another line is never taken for this one.
async function goToLine(code) {
  if (isFilled() && plain(code) !== plain(byId('code').value)) return showFault(form.dataset.unrecorded, 'time');
  return findLine(code);
}

// Show the lines of a sheet, and mark the one that is entered now.
async function showSheet(sheet) {
  lines.innerHTML = await fragment(`/paper/entry/sheets/${sheet}`);
  mark();
}

// Mark the line of the code in the field.
function mark() {
  for (const line of lines.querySelectorAll('li')) line.classList.toggle('now', line.dataset.code === byId('code').value);
}

// Return whether something of a line was typed.
function isFilled() { return EVERY_LINE.some((name) => byId(name).value.trim()); }

// Return a code as the program compares it.
function plain(code) { return code.replace(/^TIEPDON\W?G/i, '').replace(/\W/g, '').toUpperCase(); }

// Return what was typed.
function typed() {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  return {...values, unknown: byId('unknown').checked};
}

// Record the line; then go on with the next one.
async function enter() {
  if (isBusy) return;
  isBusy = true;
  showFault();
  try {
    const sent = typed();
    const {ok, answer} = await postJson('/paper/entry', sent);
    if (ok) await recorded(answer, sent);
    else refused(answer);
  } catch {
    showFault(form.dataset.noAnswer);
  } finally {
    isBusy = false;
  }
}

// Empty the form for the next line, and say what was recorded.
async function recorded({words, next, sheet, late}, sent) {
  byId('result').textContent = `✓ ${words}${next ? '' : ` ${form.dataset.finished}`}`;
  byId('late').hidden = !late;
  byId('late').firstElementChild.textContent = form.dataset.late;
  for (const name of [...EVERY_LINE, ...Object.values(REASONS)]) {
    if (byId(name).value.trim() === sent[name]) byId(name).value = '';  // the rest was typed meanwhile, for the next line
  }
  for (const name of Object.values(REASONS)) byId(`${name}_field`).hidden = true;
  byId('arrival').value = '';
  byId('unknown').checked = false;
  byId('code').value = next ?? '';
  byId(next ? 'time' : 'code').focus();
  await showSheet(sheet).catch(() => {});
}

// Show why a line was not recorded; ask for the reason if one is needed.
function refused({title, words, detail, field}) {
  const name = REASONS[title];
  byId('result').textContent = '';
  if (name && byId(`${name}_field`).hidden) {
    byId(`${name}_field`).hidden = false;
    if (name === 'clerk_reason') byId(name).value = form.dataset.stock;
  }
  showFault(words ?? detail, field);
}

// Take what a keyboard-type reader has read: the code of a line, or a card, which goes to the desk.
async function take(payload) {
  const text = payload.trim();
  try {
    if (CODE.test(text)) return await goToLine(text);
    const {ok} = await postJson('/api/scans', {payload, reader: KEYBOARD});
    showFault(ok ? form.dataset.card : form.dataset.noAnswer);
  } catch {
    showFault(form.dataset.noAnswer);
  }
}

// Ask again and again for a code that a reader of the settings has read; this page cannot hear it.
async function poll() {
  for (;;) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    if (document.hidden) continue;
    try {
      const response = await fetch(`/paper/entry/scanned?after=${form.dataset.last}`, {signal: AbortSignal.timeout(5000)});
      const {last, code} = await response.json();
      if (!code) continue;
      form.dataset.last = last;
      await goToLine(code);
    } catch { /* the notice on top says that the program is away */ }
  }
}

form.addEventListener('submit', (event) => { event.preventDefault(); enter(); });
form.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.target.matches('button')) return;
  event.preventDefault();
  if (event.repeat) return;
  if (event.ctrlKey) enter();
  else if (event.target.id === 'code') findLine(event.target.value).catch(() => showFault(form.dataset.noAnswer));
  else goOn(event.target.id);
});
addEventListener('beforeunload', (event) => {
  if (isFilled()) event.preventDefault();
});

watchKeyboard(take);
watchProgram();
poll();
byId(byId('code').value ? 'time' : 'code').focus();
mark();
