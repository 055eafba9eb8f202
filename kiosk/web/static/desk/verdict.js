// Shows the newest verdict on a reading, and keeps what the clerk has typed beside it.
import {fragment} from '../call.js';
import {soundVerdict} from '../sounds.js';
import {refreshEntitlement} from './entitlement.js';
import {fillFamily, leaveScreen, useFamily} from './family.js';
import {openCases, openSheet, showCase} from './forms.js';
import {pressEnded} from './press.js';
import {keptForm, keepForm} from './kept_forms.js';
import {showServices} from './room.js';
import {explain, hideHelp} from './typing_help.js';
import {arm, byId, current, disarm, field, isEdited, isFilled, isReady, message, keepUnfolded, place, say, screen, showLamp, showSilent, showState} from './screen.js';

const ENTER_DELAY_MS = 400;  // Enter does not confirm a card that has been on screen for less
const READING_AFTER_MS = 150;  // a scan that takes longer is shown as such …
const SILENT_AFTER_MS = 2000;  // … and one that takes longer than this means that the program is away

let turn = 0;  // number of the last request; answers to earlier ones are not shown

let timers = [];  // of the scan whose verdict is awaited

// A scan begins: the patient before leaves the screen. Return the scan; its wait ends when a verdict is on screen,
// or by `giveUp`.
export function beginScan() {
  keepTyped();
  disarm();
  turn += 1;
  endWait();
  const scan = screen.awaited = {reading: null};
  timers = [setTimeout(() => showState('reading'), READING_AFTER_MS), setTimeout(showSilent, SILENT_AFTER_MS)];
  return scan;
}

// No verdict is awaited any more.
function endWait() {
  timers.forEach(clearTimeout);
  screen.awaited = null;
}

// The verdict on a scan does not come. The patient before does not come back by a newer verdict either.
export function giveUp(scan) {
  say(message.dataset.noAnswer);
  if (scan === null || screen.awaited !== scan) return;
  endWait();
  screen.requested = screen.before = null;
  showSilent();
}

// Return whether a reading must not be shown, because a scan of another one is awaited.
function isOvertaken(reading, scan) {
  const {awaited} = screen;
  return awaited !== null && awaited !== scan && awaited.reading !== reading;
}

// Show the newest verdict on a reading. An older card never replaces a newer one on screen, and a product's
// bar code replaces none, unless a clerk typed it. It does not sound if it is `quiet`. While a visit is being
// recorded nothing takes its place, and while the verdict on a `scan` is awaited only that one is shown.
export async function show(reading, options = {}) {
  if (!mayShow(reading, options.scan)) return;
  if (options.scan) options.scan.reading = reading;
  const [before, mine] = [readingBefore(reading), ++turn];
  const html = await fragment(`/desk/attempts/${reading}`);
  await pressEnded();
  if (mine !== turn || !mayShow(reading, options.scan)) return;
  if (!options.typed && isProduct(html) && mayBeCard(before, reading)) return keep(before, options.scan);
  if (reading !== screen.shown) say();  // a newer state of the same reading leaves the message
  put(reading, html);
  soundVerdict(reading, current(), options.quiet);
  announce();
}

// Return whether a reading may take the place of what is on screen now.
function mayShow(reading, scan) { return !screen.recording && !isOlder(reading) && !isOvertaken(reading, scan); }

// Return whether a reading is older than the one that is or will be on screen.
function isOlder(reading) { return screen.requested !== null && reading < screen.requested; }

// Show a reading that the clerk chose from a list, though it may be older than the one on screen. It stays in the
// list while a visit is being recorded or a scan is awaited.
export async function open(reading) {
  if (screen.recording || screen.awaited) return;
  keepTyped();
  screen.requested = screen.before = screen.shown = null;
  await show(reading, {quiet: true});
}

// Note which reading is requested, and return the one before it. The answer to a scan and its event both ask
// for the reading.
function readingBefore(reading) {
  if (reading !== screen.requested) [screen.before, screen.requested] = [screen.requested, reading];
  return screen.before;
}

// Put a verdict on screen. One that says the same is left alone: a click on it must not be lost.
function put(reading, html) {
  endWait();
  const isOther = reading !== screen.shown;
  if (isOther) showVerdict(reading, html);
  else if (html !== screen.html) replaceVerdict(html);
  screen.html = html;
  useFamily();
  if (isOther) restore(keptForm(reading));
  showUnfinished();
}

// Keep what was typed for the patient on screen, who leaves it for the list.
function keepTyped() {
  if (screen.shown !== null && byId('confirm') && isEdited()) keepForm(screen.shown, {...typedSoFar(), id: null});
}

// Return whether a verdict is about a product's bar code.
function isProduct(html) {
  const part = document.createElement('template');
  part.innerHTML = html;
  return part.content.querySelector('.pass')?.dataset.format === 'product';
}

// Return whether a reading that was on screen, or about to be, is another one and may hold a card.
function mayBeCard(reading, other) {
  if (reading === null || reading === other) return false;
  if (reading === screen.shown) return 'card' in (current()?.dataset ?? {});
  return reading !== screen.left?.reading || screen.left.isCard;
}

// Keep a reading on screen and say why. It is shown again, because a newer verdict may have come meanwhile.
async function keep(reading, scan) {
  screen.requested = reading;
  await show(reading, {scan});
  if (screen.requested === reading) say(message.dataset.product);
}

// Show the first verdict on another reading.
function showVerdict(reading, html) {
  screen.key = newKey();
  screen.shown = reading;
  arm();
  hideHelp();
  showNew(html);
  makeReady(ENTER_DELAY_MS);
}

// Show a newer verdict on the same reading, and keep what was typed and chosen.
function replaceVerdict(html) {
  const typed = typedSoFar();
  const wasReady = isReady();
  const did = whatEnterDoes();
  keepUnfolded(place, () => showNew(html));
  makeReady(wasReady && did === whatEnterDoes() ? 0 : ENTER_DELAY_MS);
  restore(typed);
  if (document.activeElement === document.body) field.focus();  // its button has left the page
}

// Put a verdict in place of the one before, as the program fills it in.
function showNew(html) {
  place.innerHTML = html;
  fillFamily();
  showServices();
  showCase();
}

// Return what Enter does with what is on screen, in words.
function whatEnterDoes() { return current()?.querySelector('[data-primary]')?.dataset.enter; }

// Show a reading again after its recording was not possible, with what was typed.
export async function showAgain(reading, typed) {
  screen.requested = reading;
  screen.shown = null;
  await show(reading);
  if (screen.shown === reading) restore(typed);
}

// Let Enter press the first button after a delay.
function makeReady(delayMs) {
  const pass = current();
  showLamp();
  if (!pass) return;
  setTimeout(() => {
    if (pass !== current() || screen.recording) return;
    for (const part of [pass, byId('confirm')]) if (part) part.dataset.ready = '';
    showLamp();
  }, delayMs);
}

// Clear the screen for the next patient; who was not recorded stays in the list.
export function clear(state = 'waiting') {
  if (screen.recording) return;
  keepTyped();
  screen.requested = screen.before = screen.shown = screen.left = null;
  turn += 1;
  endWait();
  showState(state);
  leaveScreen();
  showUnfinished();
  field.value = '';
  explain();
  say();
  field.focus();
}

// Show the number that a patient has already; nothing is recorded.
export function showTicketAgain() {
  const pass = current();
  pass.querySelector('.face').replaceChildren(byId('ticket-again').content.cloneNode(true));
  pass.dataset.ready = '';
  showLamp();
}

// Show the newest visits, and the patients who are not recorded.
export async function showRecent() {
  const [recent, unfinished] = await Promise.all([fragment('/desk/recent'), fragment('/desk/unfinished')]);
  byId('recent').innerHTML = recent;
  showUnfinished(unfinished);
}

// Show the patients who are not recorded, without the one on screen. The list is marked when it has grown.
function showUnfinished(html) {
  const list = byId('unfinished');
  const before = Number(list.dataset.count ?? 0);
  if (html !== undefined) list.innerHTML = html;
  for (const row of list.querySelectorAll('[data-open]')) row.closest('li').hidden = Number(row.dataset.open) === screen.shown;
  const count = list.querySelectorAll('li:not([hidden])').length;
  for (const part of list.querySelectorAll('.count')) part.textContent = count || '';
  list.dataset.count = count;
  list.classList.toggle('hot', count > before);
}

// Fetch the patients who are not recorded.
export async function refreshUnfinished() { showUnfinished(await fragment('/desk/unfinished')); }

// Return what the clerk has typed so far, and the field and position of the cursor.
export function typedSoFar() {
  const form = byId('confirm');
  if (!form) return null;
  const active = form.contains(document.activeElement) ? document.activeElement : null;
  const unfolded = [...place.querySelectorAll('details[open], dialog[open]')].map((part) => part.id).filter(Boolean);
  const values = [...new FormData(form)].filter(([name]) => name !== 'priority' || isChosen(form.elements.priority));
  const isProposed = 'proposed' in (form.elements.priority?.dataset ?? {});
  return {values, isProposed, id: active?.id, at: active?.selectionStart, unfolded, isOpen: 'open' in form.dataset, marks: marksOf(form)};
}

// Return what is said at the fields: the field and the words.
function marksOf(form) {
  return [...form.querySelectorAll('.field .message')].map((mark) => ({id: mark.dataset.at, words: mark.textContent}));
}

// Say at a field what is wrong with it.
export function markField(input, words) {
  const mark = document.createElement('p');
  mark.className = 'message';
  mark.dataset.at = input.id;
  mark.textContent = words;
  input.before(mark);
}

// Return whether a person chose from a list: what the program proposed there may still change.
function isChosen(list) { return !([...list.options].find(({defaultSelected}) => defaultSelected) ?? list.options[0]).selected; }

// Restore what was typed.
export function restore(typed) {
  const form = byId('confirm');
  if (!typed || !form) return;
  fillAll(form, typed);
  unfoldAll(form, typed);
  if (form.elements.arrival?.value) refreshEntitlement(form);
  if (typed.id) restoreFocus(byId(typed.id), typed.at);
}

// Fill the fields of the form, with what was said at them.
function fillAll(form, {values, isProposed, marks}) {
  for (const [name, value] of values) if (form.elements[name]) fill(form.elements[name], value);
  showServices(new Map(values).get('service'));
  if (isProposed && form.elements.priority) form.elements.priority.dataset.proposed = '';
  for (const {id, words} of marks) if (byId(id)) markField(byId(id), words);
}

// Open the parts of the form that were open, and those in which something was typed.
function unfoldAll(form, {unfolded, isOpen}) {
  for (const fold of unfolded.map(byId)) unfold(fold);
  if (isOpen && 'withoutCard' in form.dataset) openCases();
  form.querySelectorAll('details').forEach(openIfFilled);
}

// Open a part of the form, if it is still there.
function unfold(fold) {
  if (fold?.tagName === 'DIALOG') openSheet(fold);
  else if (fold) fold.open = true;
}

// Put the cursor back into a field, if the field is still there.
function restoreFocus(input, at) {
  input?.focus();
  if (input && typeof at === 'number' && input.type !== 'radio') input.setSelectionRange(at, at);
}

// Open a part of the form that can be folded, if something was typed or chosen in it.
function openIfFilled(part) {
  part.open ||= [...part.querySelectorAll('input, select')].some((input) => isFilled(input));
}

// Fill one field.
function fill(input, value) {
  if (input.type === 'checkbox') input.checked = true;
  else input.value = value;
}

// Announce the outcome to screen readers, once.
function announce() {
  const words = [...place.querySelectorAll('.outcome-word, .why, .pass h1')].map((part) => part.textContent.trim()).join(': ');
  const announcement = byId('announcement');
  if (announcement.textContent !== words) announcement.textContent = words;
}

// Return a new idempotency key.
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
