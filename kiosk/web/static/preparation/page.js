// The preparation sheet: cards that are read fill the form, the program checks it, the patient looks at the sheet, and
// it is printed. Everything lives in this page only. It is wiped after printing, after ten idle minutes, and on leaving.
import {BROWSER} from '../browser.js';
import {post, postJson} from '../call.js';
import {forgetOld} from '../kept.js';
import {watchKeyboard} from '../keyboard_reader.js';
import {watchProgram} from '../program.js';
import {isAnother} from './people.js';

const IDLE_MS = 10 * 60_000;
const AFTER_PRINTING_S = 120;
const POLL_MS = 700;
const TICK_MS = 1000;
const WINDOW = 'preparation-sheet';
const PAGE = `${BROWSER}-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
const CARD_FIELDS = {
  id: ['id_number', 'id_holder', 'id_born', 'id_sex', 'id_address', 'id_old_number', 'id_scanned'],
  card: ['card_number', 'card_holder', 'card_born', 'card_sex', 'card_from', 'card_until', 'card_facility', 'card_five_years', 'card_legacy', 'card_scanned'],
};
const FORM = 'application/x-www-form-urlencoded';

const byId = (id) => document.getElementById(id);
const words = byId('preparation-page').dataset;
const form = byId('preparation');
let usedAt = Date.now();      // when the page was last used
let printedAt = null;         // when it was printed, while it is about to wipe itself
let paper = null;             // the window that shows the PDF
let another = null;           // a card of somebody else that was read
let isBusy = false;           // while a call is under way
let isWiped = false;
let agreed = '';              // what was agreed to when it was last written down

// Say what happened, and what is wrong; nothing clears both.
function say(good = '', wrong = '') {
  byId('said').textContent = good;
  byId('fault').textContent = wrong;
}

// Return the chosen goal.
function goal() { return new FormData(form).get('goal'); }

// Return what is in the form, as it is sent. Fields that the goal does not ask for are empty.
function filled() {
  const values = new URLSearchParams(new FormData(form));
  for (const part of form.querySelectorAll('[data-goals][hidden]')) {
    for (const input of part.querySelectorAll('[name]')) values.delete(input.name);
  }
  return values;
}

// Return whether anything was read or typed.
function isFilled() {
  return [...form.querySelectorAll('input, select')].some((input) => {
    if (input.type === 'radio' || input.id === 'key' || input.id === 'how' || input.id === 'id_kind' || input.id === 'size') return false;
    return input.type === 'checkbox' ? input.checked : input.value.trim() !== '';
  });
}

// Show the fields that the goal asks for, and what a read card makes unnecessary.
function arrange() {
  const chosen = goal();
  for (const part of form.querySelectorAll('[data-goals]')) part.hidden = !part.dataset.goals.split(' ').includes(chosen);
  lock('id');
  lock('card');
  byId('old-number').hidden = byId('id_old_number').value === '';
  byId('id_kind').inert = byId('id_scanned').value !== '';
  // A card that was read gives the insurance number, unless it is one from before 2018.
  const isGiven = byId('card_scanned').value !== '' && (byId('card_legacy').value !== '' || /^(\w{5})?\d{10}$/.test(byId('card_number').value));
  for (const field of form.querySelectorAll('.by-hand')) field.hidden = isGiven;
  if (isGiven) byId('insurance_number').value = byId('insurance_number_again').value = '';
  byId('how-field').hidden = !form.querySelector('[data-consent]:checked');
}

// Let nobody type over what was read of a card.
function lock(part) {
  const isRead = byId(`${part}_scanned`).value !== '';
  byId(`${part}-part`).classList.toggle('read', isRead);
  for (const name of CARD_FIELDS[part]) {
    const input = byId(name);
    if (input.tagName === 'SELECT') input.inert = isRead && input.value !== '';
    else input.readOnly = isRead && input.value !== '';
  }
}

// Take cards that were read, one after another.
function takeCards(cards) {
  for (const card of cards) {
    touch();
    if (!card.part) {
      say('', card.words);
    } else if (another === null && isAnother(card, inForm(), goal())) {
      another = card;  // the focus stays: an Enter that was meant for a field must not wipe anything
      byId('another').hidden = false;
      byId('another').scrollIntoView({block: 'nearest'});
    } else if (another === null) {
      fill(card);
    }
  }
}

// Return the values of the form's fields by their names.
function inForm() { return Object.fromEntries(new FormData(form)); }

// Fill one of the two cards; the sheet has to be checked again.
function fill({part, fields, words: note}) {
  empty(part);
  for (const [name, value] of Object.entries(fields)) byId(name).value = value;
  if (part === 'id') byId('id_kind').value = 'personal_number';
  showForm();
  arrange();
  clearFaults();
  say(part === 'id' ? words.readId : words.readCard, note);
  // Whoever types in another field goes on there.
  if (!document.activeElement.matches('.asked input, .asked select')) {
    byId(part === 'id' && !byId('card_number').value ? 'card_number' : 'phone').focus();
  }
}

// Empty one of the two cards.
function empty(part) {
  for (const name of CARD_FIELDS[part]) byId(name).value = '';
  if (part === 'id') byId('with_old_number').checked = false;
}

// Send what a keyboard-type reader has read, to be read as a card.
async function readCard(payload) {
  try {
    const {ok, answer} = await postJson('/help/preparation/scans', {payload});
    if (ok) takeCards(answer.cards);
    else say('', words.noAnswer);
  } catch {
    say('', words.noAnswer);
  }
}

// Ask again and again for cards that readers of the settings have read, while this page is in front.
async function poll() {
  for (;;) {
    await new Promise((done) => { setTimeout(done, POLL_MS); });
    if (document.hidden || isWiped) continue;
    try {
      const {ok, answer} = await postJson('/help/preparation/scanned', {page: PAGE});
      if (ok) takeCards(answer.cards);
    } catch { /* the notice on top says that the program is away */ }
  }
}

// Let the readers go to the desk again.
function leave() {
  navigator.sendBeacon('/help/preparation/left', new Blob([JSON.stringify({page: PAGE})], {type: 'application/json'}));
}

// Clear all faults.
function clearFaults() {
  for (const part of form.querySelectorAll('.fault')) part.classList.remove('fault');
  for (const part of form.querySelectorAll('.fault-words')) part.remove();
  for (const part of form.querySelectorAll('[aria-invalid]')) {
    part.removeAttribute('aria-invalid');
    part.removeAttribute('aria-describedby');
  }
  byId('cards').textContent = '';
}

// Show each fault at its field, and go to the first.
function showFaults(faults) {
  showForm();
  clearFaults();
  say('', words.faults);
  for (const [name, sentence] of Object.entries(faults)) {
    if (name === 'cards') {
      byId('cards').textContent = sentence;
      continue;
    }
    const input = byId(name), field = input.closest('.field');
    const line = document.createElement('small');
    line.className = 'fault-words';
    line.id = `${name}-fault`;
    line.textContent = sentence;
    field.append(line);
    field.classList.add('fault');
    for (let part = field; part !== form; part = part.parentElement) part.hidden = false;
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', line.id);
  }
  const first = form.querySelector('[aria-invalid]');
  (first ?? byId('preparation-page')).scrollIntoView({block: 'center'});
  first?.focus();
}

// Have the form checked; show the sheet, or what is wrong.
async function check() {
  if (isBusy) return;
  isBusy = true;
  say();
  try {
    const {ok, answer} = await post('/help/preparation/sheet', filled(), {'Content-Type': FORM});
    if (ok) showSheet(answer.html);
    else if (answer.faults) showFaults(answer.faults);
    else say('', answer.detail);
  } catch {
    say('', words.noAnswer);
  } finally {
    isBusy = false;
  }
}

// Show the sheet in place of the form, for the patient to check.
function showSheet(html) {
  clearFaults();
  byId('sheet').innerHTML = html;
  byId('preview').hidden = false;
  form.hidden = true;
  byId('print-a4').focus({preventScroll: true});
  scrollTo(0, 0);
}

// Show the form again; the sheet is gone until the form is checked again.
function showForm() {
  byId('sheet').replaceChildren();
  byId('preview').hidden = true;
  form.hidden = false;
  keep();
}

// Write down what the patient agreed to, once for each sheet. Returns whether the sheet may be printed.
async function agree() {
  const ticked = [...form.querySelectorAll('[data-consent]:checked')].map((box) => box.name).join(' ');
  const what = ticked && `${ticked} ${byId('phone').value} ${byId('how').value}`;
  if (!ticked || what === agreed) return true;
  if (agreed) byId('key').value = newKey();  // the number was changed after it had been written down
  try {
    const {ok, answer} = await post('/help/preparation/consents', filled(), {'Content-Type': FORM});
    if (!ok) throw new Error('not written down');
    agreed = what;
    say(answer.words);
    return true;
  } catch {
    say('', words.notKept);
    return false;
  }
}

// Open the PDF in a window of its own. It is opened before anything is awaited, or the browser would refuse to.
async function printPdf(size) {
  paper = window.open('about:blank', WINDOW);
  if (!paper) return say('', words.noWindow);
  if (!await agree()) return paper.close();
  byId('size').value = size;
  form.action = '/help/preparation/sheet.pdf';
  form.target = WINDOW;
  form.submit();
  form.removeAttribute('action');
  form.removeAttribute('target');
  return printed();
}

// Print the sheet on this page.
async function printPage() {
  if (await agree()) window.print();
}

// Ask whether it was printed; wipe the page if nobody says otherwise.
function printed() {
  printedAt = Date.now();
  byId('printed').hidden = false;
  tick();
}

// Do not wipe the page yet.
function keep() {
  printedAt = null;
  byId('printed').hidden = true;
}

// Note that somebody uses the page.
function touch() { usedAt = Date.now(); }

// Wipe the page when its time is over. A machine that slept wipes it when it wakes.
function tick() {
  if (isWiped) return;
  const left = printedAt === null ? null : AFTER_PRINTING_S - Math.floor((Date.now() - printedAt) / 1000);
  if (left !== null) {
    const line = byId('printed').firstElementChild;
    line.textContent = line.dataset.words.replace('{n}', Math.max(left, 0));
  }
  if ((left !== null && left <= 0) || Date.now() - usedAt >= IDLE_MS) wipe();
}

// Forget everything about the patient, in this page and in the window with the PDF; then begin afresh.
function wipe() {
  const wasFilled = isFilled() || !byId('preview').hidden;
  clear();
  if (!wasFilled) return touch();
  isWiped = true;
  return location.replace(`${location.pathname}?wiped`);
}

// Empty the form and the sheet.
function clear() {
  paper?.close();
  paper = another = null;
  agreed = '';
  byId('another').hidden = true;
  showForm();
  clearFaults();
  form.reset();
  for (const input of form.querySelectorAll('input[type=hidden]')) input.value = '';
  byId('key').value = newKey();
  say();
  arrange();
}

// Return the key under which the consents of a sheet are written down once.
function newKey() { return [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, '0')).join(''); }

form.addEventListener('submit', (event) => { event.preventDefault(); check(); });
form.addEventListener('change', arrange);
form.addEventListener('input', ({target}) => {
  target.closest('.fault')?.querySelector('.fault-words').remove();
  target.closest('.fault')?.classList.remove('fault');
  target.removeAttribute('aria-invalid');
  target.removeAttribute('aria-describedby');
});
form.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.target.matches('button')) return;
  event.preventDefault();
  if (event.ctrlKey) return void check();
  const stops = [...form.querySelectorAll('input, select')].filter((part) => part.checkVisibility() && !part.readOnly && !part.inert && part.type !== 'radio');
  (stops[stops.indexOf(event.target) + 1] ?? form.querySelector('.primary')).focus();
});
for (const button of document.querySelectorAll('.wipe')) button.addEventListener('click', wipe);
for (const button of document.querySelectorAll('[data-clear]')) {
  button.addEventListener('click', () => { empty(button.dataset.clear); arrange(); byId(CARD_FIELDS[button.dataset.clear][0]).focus(); });
}
for (const button of document.querySelectorAll('button[data-size]')) button.addEventListener('click', () => printPdf(button.dataset.size));
byId('print-browser').addEventListener('click', printPage);
byId('back').addEventListener('click', () => { showForm(); byId('phone').focus(); });
byId('keep').addEventListener('click', keep);
byId('another-new').addEventListener('click', () => {
  const card = another, chosen = goal();
  clear();
  byId(`goal-${chosen}`).checked = true;
  fill(card);
});
byId('another-replace').addEventListener('click', () => {
  const card = another;
  closeAnother();
  fill(card);
});
byId('another-ignore').addEventListener('click', closeAnother);

// Forget the card of somebody else.
function closeAnother() {
  another = null;
  byId('another').hidden = true;
}

addEventListener('afterprint', () => { if (!byId('preview').hidden) printed(); });
for (const kind of ['keydown', 'pointerdown', 'input']) addEventListener(kind, touch, true);
addEventListener('pagehide', leave);
addEventListener('pageshow', ({persisted}) => { if (persisted) clear(); });
addEventListener('visibilitychange', () => { if (document.hidden) leave(); else tick(); });
addEventListener('beforeunload', (event) => { if (!isWiped && isFilled()) event.preventDefault(); });

watchKeyboard(readCard);
watchProgram();
forgetOld();
setInterval(tick, TICK_MS);
clear();
if (new URLSearchParams(location.search).has('wiped')) say(words.wiped);
poll();
