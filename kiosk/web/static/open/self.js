// Self-service: shows one screen after the other (flow.js), and keeps nothing of a patient who has left.
// All decisions and texts come from the program. A scan is shown by this page only if the program says so.
import {fragment, post, postJson} from '../call.js';
import {Camera} from '../camera.js';
import {watchKeyboard} from '../keyboard_reader.js';
import {beep} from '../sounds.js';
import {fit} from './fit.js';
import {ASK_S, FIRST_BUTTON, LIMITS_S, next} from './flow.js';

const POLL_MS = 600;
const LIMIT_MS = 4000;      // of one call
const MAX_FAILURES = 3;     // polls without an answer in a row, after which the screen says so
const FIRST_LANGUAGE = 'vi';
const INTENTS = ['card', 'child', 'papers', 'nothing'];
const ENDED = 410;          // the status of a call in a turn that has ended
const ELSEWHERE = 409;      // the status if another page has the screen
const TAKES_CARDS = ['welcome', 'help', 'guides', 'guide', 'show'];

const PAGE = crypto.getRandomValues(new Uint32Array(4)).join('-');  // the name of this page

const byId = (id) => document.getElementById(id);
const place = byId('screen');

let screen = 'welcome';
let language = FIRST_LANGUAGE;
let intent = 'card';   // what the patient has chosen
let isAway = false;    // whether the program did not answer; a fault of another kind lasts its time
let turn = null;       // {name, turn} of the turn at the program: its secret name, and its public one
let patient = 0;       // how many have come: what one has shown is nothing of the next
let choices = 0;       // how many turns were asked for
let takesOver = true;  // whether the next turn makes this page the screen's only one
let beginning = null;  // pending while a turn begins
let answer = null;     // {label, room, place, initials} of the number or slip on screen
let advice = null;
let until = null;      // when the screen ends, in milliseconds of performance.now()
let failures = 0;
let staff = '';        // 'called': a person was called; 'coming': one is on the way
let camera = null;
let guide = '';        // the key of the guide on screen

// The camera of this screen: each frame belongs to the turn.
class TurnCamera extends Camera {
  async send() {
    const {canvas, view} = this;
    const asked = turn;
    const frame = await this.frame();
    if (!frame || turn === null || turn !== asked) return {ok: false};
    const result = await call('/self/frames', frame, {'Content-Type': 'image/jpeg'});
    canvas.width = canvas.height = 0;  // no frame stays
    return view.srcObject && turn === asked ? result : {ok: false};
  }

  show(value, unread) {
    take(value);
    unread.update(value, performance.now());
    if (unread.isNews) this.advise(unread.advice);
  }
}

// Send a body in the name of the turn; return {ok, status, answer}.
function call(path, body, headers = {}) { return post(path, body, {'X-Turn': turn?.name ?? '', ...headers}, LIMIT_MS); }

// Begin a turn: whatever the program kept of the one before is wiped there. One call is made at a time, and
// the last choice wins.
function begin(chosen) {
  intent = chosen;
  turn = null;
  choices += 1;
  beginning ??= beginChosen().finally(() => { beginning = null; });
  return beginning;
}

// Ask the program for a turn until it is the one that was chosen last.
async function beginChosen() {
  const order = choices;
  const reply = await postJson('/self/turns', {intent, page: PAGE, order, takes_over: takesOver}, {}, LIMIT_MS).catch(() => null);
  if (order !== choices) return beginChosen();
  if (reply === null) return goAway();
  isAway = false;
  if (reply.ok) takesOver = false;
  if (reply.ok) turn = reply.answer;
  else go(reply.status === ELSEWHERE ? 'elsewhere' : 'fault');
}

// Say that the program does not answer.
function goAway() {
  isAway = true;
  go('fault');
}

// Do what an event means on this screen, if it means anything.
function go(event) {
  const following = next(screen, event);
  if (following === 'wipe') wipe();
  else if (following !== null) enter(following);
}

// Show a screen, and begin its time.
function enter(name) {
  screen = name;
  const limit = LIMITS_S[name];
  until = limit === null ? null : performance.now() + limit * 1000;
  if (name !== 'show') stopCamera();
  draw();
  if (name === 'show') startCamera();
}

// Forget all about the patient: on the screen, in the history, in the camera, in memory, at the program.
function wipe() {
  if (turn !== null) call('/self/end', '').catch(() => {});
  patient += 1;
  answer = advice = null;
  language = FIRST_LANGUAGE;
  guide = '';
  history.replaceState(null, '', '/self');
  enter('welcome');
  begin('card');
}

// Return a part of the page in the language of the patient.
function part(selector) {
  const texts = document.querySelector(`template[data-language="${language}"]`);
  return texts.content.querySelector(selector).cloneNode(true);
}

// Draw the screen again, in the language of the patient.
function draw() {
  document.documentElement.lang = language;
  document.body.dataset.screen = screen;
  place.replaceChildren(part(screen === 'guide' ? `[data-guide="${guide}"]` : `[data-screen="${screen}"]`));
  const parts = [FIRST_BUTTON[screen], 'staff', 'language'].map((name) => part(`[data-part="${name}"]`).firstElementChild);
  byId('buttons').replaceChildren(...parts);
  byId('wait').replaceChildren(...(until === null ? [] : part('[data-part="wait"]').childNodes));
  write();
  tick();
  if (screen === 'guide') fit(place.firstElementChild, () => place.scrollHeight > place.clientHeight);
}

// Write what belongs to this patient into the screen.
function write() {
  for (const name of ['label', 'room', 'place', 'initials']) {
    const field = place.querySelector(`[data-${name}]`);
    if (!field) continue;
    field.textContent = answer?.[name] ?? '';
    field.hidden = !field.textContent;
    if (name === 'label') field.dataset.length = field.textContent.length;
  }
  for (const line of place.querySelectorAll('[data-printed]')) line.hidden = !answer?.printed;
  for (const line of place.querySelectorAll('[data-advice]')) line.hidden = line.dataset.advice !== advice;
  for (const words of byId('buttons').querySelectorAll('[data-staff]')) words.hidden = words.dataset.staff !== staff;
}

// Show the time that is left; ask in the last seconds whether somebody is there, and end.
function tick() {
  byId('time').textContent = new Date().toLocaleTimeString('vi', {hour: '2-digit', minute: '2-digit'});
  if (until === null) return;
  const left = (until - performance.now()) / 1000;
  if (left <= 0) return go('late');
  const [words, bar] = [byId('wait').querySelector('[data-seconds]'), byId('wait').querySelector('progress')];
  words.textContent = words.dataset.seconds.replace('{n}', Math.ceil(left));
  bar.value = left / LIMITS_S[screen];
  const question = byId('wait').querySelector('.still');
  question.hidden = left > ASK_S;
  byId('wait').querySelector('.clock').hidden = !question.hidden;
}

// Take what the program says of the turn: {turn, state, label, room, place, initials, again}. What comes
// after the end of a turn is of nobody who stands here.
function take({turn: whose, state, again, ...more}) {
  if (whose !== turn?.turn) return;
  if (state === 'waiting') {
    if (again && advice !== 'again') showAdvice('again');
    return;
  }
  if (state === 'looking') {
    if (screen !== 'look') {
      beep();
      go('taken');
    }
    return;
  }
  if (next(screen, state) === null) return;  // it was shown, or the patient has left
  if (screen !== 'look') beep();
  answer = more;
  go(state);
}

// Show what would help to read the code; null: nothing.
function showAdvice(value) {
  advice = value;
  write();
}

// Switch the camera on, if there is one: a reader needs none.
async function startCamera() {
  if (!navigator.mediaDevices) return;
  const view = byId('view');
  camera = new TurnCamera(view, 'self', {
    found: () => {},
    advise: (value) => { if (screen === 'show' && (value !== null || advice !== 'again')) showAdvice(value); },
    lost: () => {},
  });
  try {
    await camera.start();
    view.hidden = !camera?.running;
  } catch {
    view.hidden = true;  // the picture of a phone before a reader stays
  }
}

// Switch the camera off; no frame stays.
function stopCamera() {
  const before = camera;
  camera = null;
  before?.stop();
}

// Choose what the patient has come with.
async function choose(chosen) {
  go(chosen);
  await begin(chosen);
  if (intent === 'nothing' && turn !== null) await ask(() => call('/self/slips', ''));
}

// Make a call whose answer says how far the turn is; return its status. Nothing is done about an answer
// of another turn.
async function ask(send) {
  const asked = turn;
  try {
    const {ok, status, answer: value} = await send();
    failures = 0;
    if (turn !== asked) return status;
    if (ok) take(value);
    else if (status === ENDED) await lostTurn();
    else if (status !== 422) go('fault');
    if (ok && 'staff' in value) setStaff(value.staff);
    return status;
  } catch {
    failures += 1;
    if (failures >= MAX_FAILURES) goAway();
    return null;
  }
}

// Take what the reader of the screen has typed. It belongs to the turn of this patient, also if that is only
// beginning; once the patient has left, the desk lists it.
async function takeScan(payload) {
  const whose = patient;
  const isOurs = () => whose === patient && turn !== null && TAKES_CARDS.includes(screen);
  await beginning;
  if (isOurs() && await ask(() => sendScan(payload)) !== ENDED) return;
  await beginning;  // the program did not know the turn any more, or another was chosen meanwhile
  if (isOurs() && await ask(() => sendScan(payload)) !== ENDED) return;
  await sendScan(payload, {'X-Turn': ''}).catch(() => {});
}

// Send what a reader has typed.
function sendScan(payload, headers = {}) {
  return call('/self/scans', JSON.stringify({payload}), {'Content-Type': 'application/json', ...headers});
}

// The program does not know the turn any more: it was started again, or another page has begun one.
async function lostTurn() {
  if (TAKES_CARDS.includes(screen)) await begin(intent);
  else if (screen === 'look') go('fault');
}

// Ask again and again how far the turn is, while the patient waits for that. A screen at fault finds out
// whether the program is back.
async function poll() {
  if (screen === 'fault' && isAway) await findOut();
  else if (turn !== null && (screen === 'look' || TAKES_CARDS.includes(screen))) {
    await ask(fetchStatus);
  } else if (turn !== null && staff !== '') await askForStaff();
  setTimeout(poll, POLL_MS);
}

// Ask the program for the state of the turn; return {ok, status, answer}.
async function fetchStatus() {
  const response = await fetch('/self/status', {headers: {'X-Turn': turn.name}, signal: AbortSignal.timeout(LIMIT_MS)});
  return {ok: response.ok, status: response.status, answer: await response.json()};
}

// Find out whether a person is on the way, while the screen shows what is not to be taken away.
async function askForStaff() {
  try {
    const {ok, answer: value} = await fetchStatus();
    if (ok) setStaff(value.staff);
  } catch {
    return;  // the screen stays as it is
  }
}

// Return to the welcome if the program answers again.
async function findOut() {
  try {
    const {status} = await fetch('/self/status', {signal: AbortSignal.timeout(LIMIT_MS)});
    if (status !== ENDED) return;
    failures = 0;
    go('mended');
  } catch {
    return;  // it is still away
  }
}

// Call a person.
async function callStaff() {
  try {
    const {ok, answer: value} = await post('/self/staff', '', {}, LIMIT_MS);
    if (ok) setStaff(value.staff);
  } catch {
    goAway();
  }
}

// Show whether a person was called, or is on the way.
function setStaff(value) {
  if (value === staff) return;
  staff = value;
  write();
}

// What the buttons do that lead to no other screen by themselves.
const ACTIONS = {staff: callStaff, stay, here: takeOver, guides: openGuides, vi: translate, en: translate};

// React to a button.
function press({target}) {
  const button = target.closest('[data-event]');
  const event = button?.dataset.event;
  if (!event) return;
  guide = button.dataset.guideKey ?? guide;
  if (event === 'guide') post(`/self/guides/${guide}/viewed`).catch(() => {});  // a count that is lost is no harm
  if (event in ACTIONS) ACTIONS[event](event);
  else if (INTENTS.includes(event)) choose(event);
  else go(event);
}

// Show the guides of today, which the program returns in both languages. Without an answer the help stays.
async function openGuides() {
  const whose = patient;
  try {
    const parts = await Promise.all(['vi', 'en'].map(fetchGuides));
    if (whose !== patient || screen !== 'help') return;
    for (const [name, html] of parts) {
      const {content} = document.querySelector(`template[data-language="${name}"]`);
      for (const old of content.querySelectorAll('[data-screen="guides"], [data-screen="guide"]')) old.remove();
      content.append(document.createRange().createContextualFragment(html));
    }
    go('guides');
  } catch {
    return;  // the program is away, which the screen finds out by itself
  }
}

// Fetch the screens of the guides in a language; return the language and the HTML.
async function fetchGuides(name) {
  return [name, await fragment(`/self/guides?in=${name}`)];
}

// Use this page again; the other one will say that the screen is open elsewhere.
function takeOver() {
  takesOver = true;
  go('here');
}

// Begin the time of the screen again.
function stay() {
  until = performance.now() + LIMITS_S[screen] * 1000;
  tick();
}

// Show the same screen in another language.
function translate(chosen) {
  language = chosen;
  stopCamera();
  draw();
  if (screen === 'show') startCamera();
}

watchKeyboard((payload) => { if (TAKES_CARDS.includes(screen)) takeScan(payload); });
document.addEventListener('click', press);
document.addEventListener('contextmenu', (event) => event.preventDefault());
addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });
addEventListener('pagehide', stopCamera);
setInterval(tick, 250);
wipe();
poll();
