// The desk's page: sends what was scanned or typed, shows verdicts, confirms visits.
// Words and decisions come from the program; nothing is decided here.
import {fragment, post, postJson} from './call.js';
import {Camera} from './camera.js';

const byId = (id) => document.getElementById(id);
const field = byId('payload');
const place = byId('verdict');
const message = byId('message');
const cameraButton = byId('camera-button');

let shown = null;      // the reading on screen
let key = null;        // the idempotency key of its visit: one for all tries

function say(text) { message.textContent = text ?? ''; }
function current() { return place.querySelector('.verdict'); }

async function show(attempt, reading) {
  const html = await fragment(`/desk/attempts/${attempt}`);
  if (shown !== null && reading < shown) return;  // a newer card is on screen
  if (reading !== shown) key = newKey();
  const typed = reading === shown ? kept() : null;
  shown = reading;
  place.innerHTML = html;
  const form = byId('confirm');
  if (form) {
    form.addEventListener('submit', confirm);
    if (typed) for (const [name, value] of typed) if (form.elements[name]) form.elements[name].value = value;
  }
  say();
}

// What the clerk has typed so far survives a newer verdict on the same card.
function kept() {
  const form = byId('confirm');
  return form ? [...new FormData(form)].filter(([, value]) => value) : null;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

async function scanned(call) {
  say();
  try {
    const {ok, answer} = await call;
    if (!ok) return say(answer.detail);
    if (answer.found === 0) return say(message.dataset.noCode);
    await show(answer.attempt, answer.attempt);
  } catch {
    say(message.dataset.noAnswer);
  }
}

// An ISO date from what people write: dd/mm/yyyy, mm/yyyy or yyyy.
function isoBirth(text) {
  return text.trim().split(/[/.-]/).reverse().map((part) => part.padStart(2, '0')).join('-');
}

async function confirm(event) {
  event.preventDefault();
  const form = event.target;
  const data = Object.fromEntries(new FormData(form));
  if (data.born) data.born = isoBirth(data.born);
  if (event.submitter?.value === 'uninsured') data.arrival = 'uninsured';
  const body = {attempt: shown, ...Object.fromEntries(Object.entries(data).filter(([, v]) => v))};
  try {
    const {ok, answer} = await postJson('/api/visits', body, {'Idempotency-Key': key});
    if (!ok) {
      byId('clerk_reason')?.focus();
      const why = answer.title === 'reason_wanted' ? message.dataset.reasonWanted : answer.detail;
      return say(`${message.dataset.notRecorded} ${why}`);
    }
    await show(shown, shown);
    byId('recent').innerHTML = await fragment('/desk/recent');
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}

function clear() {
  place.innerHTML = byId('waiting').innerHTML;
  field.value = '';
  say();
  field.focus();
}

// Enter in the empty field confirms what is on screen; at `desk` a person has to say why first.
byId('scan').addEventListener('submit', (event) => {
  event.preventDefault();
  const payload = field.value;
  field.value = '';
  if (payload.trim()) return scanned(postJson('/api/scans', {payload, reader: 'typed'}));
  const form = byId('confirm');
  if (!form) return;
  if (current().dataset.outcome === 'desk') return byId('clerk_reason').focus();
  const open = [...form.querySelectorAll('#holder, #born')].find((input) => !input.value);
  if (open) return open.focus();
  form.requestSubmit();
});

byId('picture').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  if (file) await scanned(post('/api/pictures', file, {'Content-Type': 'application/octet-stream'}));
  event.target.value = '';
  field.focus();
});

const camera = new Camera(byId('camera-view'), (answer) => { closeCamera(); scanned(Promise.resolve({ok: true, answer})); });

function closeCamera() {
  camera.stop();
  byId('camera').hidden = true;
  cameraButton.setAttribute('aria-expanded', 'false');
  field.focus();
}

cameraButton.addEventListener('click', async () => {
  if (camera.running) return closeCamera();
  say();
  if (!navigator.mediaDevices) return say(message.dataset.insecure);
  byId('camera').hidden = false;
  cameraButton.setAttribute('aria-expanded', 'true');
  try {
    await camera.start();
  } catch {
    closeCamera();
    say(message.dataset.noCamera);
  }
});

for (const button of document.querySelectorAll('button[data-scan]')) {
  button.addEventListener('click', () => { scanned(post(button.dataset.scan)); field.focus(); });
}

document.addEventListener('keydown', (event) => { if (event.key === 'Escape') clear(); });

const events = new EventSource('/events');
events.addEventListener('verdict', (event) => {
  const {attempt, reading} = JSON.parse(event.data);
  const refines = attempt !== reading;
  if (refines && reading !== shown) return;  // of a card that has left the screen
  show(attempt, reading).catch(() => say(message.dataset.noAnswer));
});
let counts = null;  // when the outbox moves, the newest visits and a ticket on screen change too
events.addEventListener('status', async (event) => {
  byId('status').innerHTML = await fragment('/desk/status');
  const outbox = JSON.stringify(JSON.parse(event.data).outbox);
  if (outbox === counts) return;
  counts = outbox;
  byId('recent').innerHTML = await fragment('/desk/recent');
  if (place.querySelector('.ticket')) await show(shown, shown);
});
addEventListener('pagehide', () => events.close());
