// The desk's page: sends what was scanned or typed, shows verdicts, confirms visits.
// Words and decisions come from the program; nothing is decided here.
import {BROWSER} from './browser.js';
import {fragment, post, postJson} from './call.js';
import {Camera, beep} from './camera.js';
import {DONE_MS, Keystrokes} from './keystrokes.js';

const byId = (id) => document.getElementById(id);
const field = byId('payload');
const place = byId('verdict');
const message = byId('message');
const cameraButton = byId('camera-button');

let wanted = null;     // the reading that is, or is about to be, on screen
let shown = null;      // the reading on screen
let turn = 0;          // of fetches: only the last one that was begun is shown
let key = null;        // the idempotency key of its visit: one for all tries
let saying = 0;        // of entitlements: only the last that was asked for is shown
let pending = 0;       // scans whose verdict has not come yet

const [TYPED, KEYBOARD] = ['typed', 'keyboard'].map((kind) => `${kind}-${BROWSER}`);
const BY_HAND = /^(typed|camera|keyboard)(-|$)/;  // of this page or another: whose own answer it is
const REST_MS = 400;   // Enter is not for a card that came on screen just now

function say(text) { message.textContent = text ?? ''; }
function problem(answer) { return message.getAttribute(`data-problem-${answer.title}`) ?? answer.detail; }
function current() { return place.querySelector('.verdict'); }

// Show the newest verdict on a reading; an older card never covers a newer one.
async function show(reading) {
  if (wanted !== null && reading < wanted) return;
  wanted = reading;
  const mine = ++turn;
  const html = await fragment(`/desk/attempts/${reading}`);
  if (mine !== turn) return;
  const typed = reading === shown ? kept() : null;
  const isNew = reading !== shown;
  if (isNew) key = newKey();
  shown = reading;
  place.innerHTML = html;
  const form = byId('confirm');
  form?.addEventListener('submit', confirm);
  form?.addEventListener('change', ({target}) => {
    if (['arrival', 'signed', 'year'].includes(target.name)) entitlement(form);
  });
  form?.querySelector('[data-take]')?.addEventListener('click', ({target}) => complete(target.dataset));
  if (form) setTimeout(() => { form.dataset.ready = ''; }, isNew ? REST_MS : 0);
  giveBack(typed);
  if (typed && form?.elements.arrival?.value) entitlement(form);  // what was chosen stays chosen
  announce();
  say();
  if (isNew) place.scrollIntoView({block: 'nearest'});
}

// What the clerk has typed so far, and where, survives a newer verdict on the same card.
function kept() {
  const form = byId('confirm');
  if (!form) return null;
  const active = form.contains(document.activeElement) ? document.activeElement : null;
  return {values: [...new FormData(form)], id: active?.id, at: active?.selectionStart};
}

function giveBack(typed) {
  const form = byId('confirm');
  if (!typed || !form) return;
  for (const [name, value] of typed.values) if (form.elements[name]) put(form.elements[name], value);
  const active = typed.id && byId(typed.id);
  if (!active) return;
  active.focus();
  if (typed.at != null) active.setSelectionRange(typed.at, typed.at);
}

// How the patient came decides what is paid: say it anew for what is chosen.
async function entitlement(form) {
  const mine = ++saying;
  const data = new FormData(form);
  const isReferral = data.get('arrival') === 'referral';
  const slip = form.querySelector('[data-referral]');
  if (slip) slip.hidden = !isReferral;
  if (!byId('entitlement')) return;
  const asked = new URLSearchParams({arrival: data.get('arrival')});
  if (isReferral && data.get('signed')) asked.set('signed', isoBirth(data.get('signed')));
  if (isReferral && data.get('year')) asked.set('year', '1');
  const reading = shown;
  try {
    const html = await fragment(`/desk/attempts/${reading}/entitlement?${asked}`);
    if (mine === saying && reading === shown && byId('confirm') === form) byId('entitlement').innerHTML = html;
  } catch {
    say(message.dataset.noAnswer);
  }
}

// What was paid this year: may take a minute, and is asked by a person only.
place.addEventListener('click', async ({target}) => {
  if (!('copayments' in target.dataset)) return;
  const [reading, form] = [shown, byId('confirm')];
  target.disabled = true;
  target.textContent += ' …';
  try {
    const {ok, answer} = await postJson(`/desk/attempts/${reading}/copayments`, {});
    if (!ok) {
      target.disabled = false;
      return say(problem(answer));
    }
    if (reading === shown && form) await entitlement(form);
  } catch {
    target.disabled = false;
    say(message.dataset.noAnswer);
  }
});

function put(input, value) {
  if (input.type === 'checkbox') input.checked = true;
  else input.value = value;
}

function announce() {
  const words = [...place.querySelectorAll('.outcome-word, .verdict h2')].map((one) => one.textContent.trim()).join(': ');
  const announcement = byId('announcement');
  if (announcement.textContent !== words) announcement.textContent = words;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

async function scanned(call) {
  say();
  pending += 1;
  try {
    const {ok, answer} = await call;
    if (!ok) return say(problem(answer));
    if (answer.found === 0) return say(message.dataset.noCode);
    if (!answer.attempt) return say(byId('advice').dataset.one);
    await show(answer.attempt);
  } catch {
    say(message.dataset.noAnswer);
  } finally {
    pending -= 1;
  }
}

// An ISO date from what people write: dd/mm/yyyy, mm/yyyy or yyyy.
function isoBirth(text) {
  return text.trim().split(/[/.-]/).reverse().map((part) => part.padStart(2, '0')).join('-');
}

// A bare number with a name and birth, typed or of the ID card just read: judged again, asked about.
async function complete({holder, born}) {
  try {
    const {ok, answer} = await postJson(`/api/scans/${shown}/holder`, {holder, born});
    if (!ok) return say(problem(answer));
    await show(shown);
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}

async function confirm(event) {
  event.preventDefault();
  const form = event.target;
  const data = Object.fromEntries(new FormData(form));
  if (data.born) data.born = isoBirth(data.born);
  const go = event.submitter?.value ?? ('nameless' in form.dataset ? 'ask' : 'confirm');
  if (go === 'uninsured' || go === 'emergency') {
    data.arrival = go;
    delete data.papers;
  }
  if (go === 'ask') {
    const open = [...form.querySelectorAll('#holder, #born')].find((input) => !input.value.trim());
    return open ? open.focus() : complete(data);
  }
  const {signed, year, referral_facility: facility, referral_number: number} = data;
  if (data.arrival === 'referral' && (signed || facility || number)) {
    data.referral = {signed_on: signed && isoBirth(signed), facility: facility.toUpperCase(), number, for_a_year: Boolean(year)};
  }
  const body = {attempt: shown, ...Object.fromEntries(Object.entries(data).filter(([, v]) => v))};
  try {
    const {ok, answer} = await postJson('/api/visits', body, {'Idempotency-Key': key});
    if (!ok) {
      byId('clerk_reason')?.focus();
      return say(`${message.dataset.notRecorded} ${problem(answer)}`);
    }
    await show(shown);
    byId('recent').innerHTML = await fragment('/desk/recent');
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}

function clear() {
  wanted = shown = null;
  turn += 1;
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
  if (payload.trim()) return scanned(postJson('/api/scans', {payload, reader: TYPED}));
  const form = byId('confirm');
  // A reader may send two Enters: the second must not confirm the patient who is leaving.
  if (!form || pending || !('ready' in form.dataset)) return;
  if (current().dataset.outcome === 'desk') return (byId('clerk_reason') ?? byId('holder')).focus();
  const open = [...form.querySelectorAll('#holder, #born')].find((input) => !input.value);
  if (open) return open.focus();
  form.requestSubmit();
});

byId('picture').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  if (file) await scanned(post('/api/pictures', file, {'Content-Type': 'application/octet-stream', 'X-Camera': BROWSER}));
  event.target.value = '';
  field.focus();
});

byId('no-card').addEventListener('click', () => scanned(postJson('/api/scans', {no_card: true, reader: TYPED})));

const cameraBox = byId('camera');
const camera = new Camera(byId('camera-view'), BROWSER, {
  lost(isGone) {
    if (isGone) closeCamera();
    say(isGone ? message.dataset.noCamera : message.dataset.noAnswer);
  },
  found(answer) {
    beep();
    cameraBox.classList.add('read');
    setTimeout(() => cameraBox.classList.remove('read'), 400);
    scanned(Promise.resolve({ok: true, answer}));
  },
  advise(word) { byId('advice').textContent = (word && byId('advice').getAttribute(`data-${word}`)) ?? ''; },
});

byId('mirror').addEventListener('change', ({target}) => cameraBox.classList.toggle('mirrored', target.checked));

function closeCamera() {
  camera.stop();
  cameraBox.hidden = true;
  cameraButton.setAttribute('aria-expanded', 'false');
  field.focus();
}

cameraButton.addEventListener('click', async () => {
  if (camera.running || camera.starting) return closeCamera();
  say();
  if (!navigator.mediaDevices) return say(message.dataset.insecure);
  cameraBox.hidden = false;
  cameraButton.setAttribute('aria-expanded', 'true');
  try {
    await camera.start();
    field.focus();  // so that Enter confirms, and does not put the camera off
  } catch {
    closeCamera();
    say(message.dataset.noCamera);
  }
});

for (const button of document.querySelectorAll('button[data-scan]')) {
  button.addEventListener('click', () => { scanned(post(button.dataset.scan)); field.focus(); });
}

// A reader that types like a keyboard is heard whatever has the focus: what it typed before it was
// known for one is taken out of the field again, and its Enter and Tab go nowhere.
const strokes = new Keystrokes();
const TYPED_KEYS = new Set(['Enter', 'Tab', 'Backspace', 'Process', 'Unidentified']);
let listening = null;

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if ([...event.key].length !== 1 && !TYPED_KEYS.has(event.key)) return;
  const {key, code, shiftKey: shift, timeStamp} = event;
  const undo = snapshot(document.activeElement);
  if (!strokes.press({key, code, shift, undo}, timeStamp)) {
    if (key === 'Enter' && strokes.hasty && document.activeElement !== field) event.preventDefault();
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  listening ??= setInterval(heard, DONE_MS / 4);
}, true);

function heard() {
  const payload = strokes.taken(performance.now());
  if (payload === null) return;
  if (!strokes.waiting) {
    clearInterval(listening);
    listening = null;
  }
  if (payload.trim()) scanned(postJson('/api/scans', {payload, reader: KEYBOARD}));
}

// Return what puts a field back as it is now.
function snapshot(element) {
  if (!element || !('value' in element) || !('selectionStart' in element)) return null;
  const {value, selectionStart, selectionEnd} = element;
  return () => {
    element.value = value;
    if (selectionStart !== null) element.setSelectionRange(selectionStart, selectionEnd);
  };
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') clear();
  if (event.key === 'Enter' && event.repeat) event.preventDefault();  // a key held down
});

const {instance, lastEvent, elsewhere} = byId('desk').dataset;
const ELSEWHERE = new Set(JSON.parse(elsewhere));  // readers that stand at other desks
const events = new EventSource(`/events?last=${lastEvent}`);
events.addEventListener('error', () => {
  if (message.textContent === message.dataset.noAnswer) return;  // more to the point: a scan was lost
  say(message.dataset.lost);
});
events.addEventListener('verdict', (event) => {
  const {attempt, reading, reader} = JSON.parse(event.data);
  if (attempt === reading && BY_HAND.test(reader)) return;  // of another page: this one has its answer
  if (attempt === reading && ELSEWHERE.has(reader)) return;
  if (attempt !== reading && reading !== wanted) return;  // of a card that has left the screen
  show(reading).catch(() => say(message.dataset.noAnswer));
});
events.addEventListener('problem', (event) => say(problem(JSON.parse(event.data))));
let counts = null;  // when the outbox moves, the newest visits and a ticket on screen change too
events.addEventListener('status', async (event) => {
  const status = JSON.parse(event.data);
  if (status.instance !== instance) return location.reload();  // another logbook: nothing here is true
  if ([message.dataset.lost, problem({title: 'logbook_unavailable'})].includes(message.textContent)) say();
  byId('status').innerHTML = await fragment('/desk/status');
  const outbox = JSON.stringify(status.outbox);
  if (outbox === counts) return;
  counts = outbox;
  byId('recent').innerHTML = await fragment('/desk/recent');
  if (place.querySelector('.ticket')) await show(shown);
});
addEventListener('pagehide', () => events.close());
