// Shows the newest verdict on a reading, and keeps what the clerk has typed beside it.
import {fragment} from '../call.js';
import {refreshEntitlement} from './entitlement.js';
import {pressEnded} from './press.js';
import {arm, byId, current, disarm, field, isReady, message, place, say, screen, showLamp, showState} from './screen.js';

const ENTER_DELAY_MS = 400;  // Enter does not confirm a card that has been on screen for less
const READING_AFTER_MS = 150;  // a scan that takes longer is shown as such …
const SILENT_AFTER_MS = 2000;  // … and one that takes longer than this means that the program is away

let turn = 0;  // number of the last request; answers to earlier ones are not shown

// A scan begins: the patient before leaves the screen. Return a function that ends the wait for its verdict.
export function beginScan() {
  disarm();
  const mine = ++turn;
  const at = (delay, state) => setTimeout(() => { if (mine === turn) showState(state); }, delay);
  const timers = [at(READING_AFTER_MS, 'reading'), at(SILENT_AFTER_MS, 'silent')];
  return () => timers.forEach(clearTimeout);
}

// Show the newest verdict on a reading. An older card never replaces a newer one on screen, and a product's
// bar code replaces none, unless a clerk typed it.
export async function show(reading, {typed = false} = {}) {
  if (screen.requested !== null && reading < screen.requested) return;
  const [before, mine] = [readingBefore(reading), ++turn];
  const html = await fragment(`/desk/attempts/${reading}`);
  await pressEnded();
  if (mine !== turn) return;
  if (!typed && isProduct(html) && mayBeCard(before, reading)) return keep(before);
  if (reading !== screen.shown) say();  // a newer state of the same reading leaves the message
  put(reading, html);
  announce();
}

// Show a reading that the clerk chose from a list, though it may be older than the one on screen.
export async function open(reading) {
  screen.requested = screen.before = screen.shown = null;
  await show(reading);
}

// Note which reading is requested, and return the one before it. The answer to a scan and its event both ask
// for the reading.
function readingBefore(reading) {
  if (reading !== screen.requested) [screen.before, screen.requested] = [screen.requested, reading];
  return screen.before;
}

// Put a verdict on screen. One that says the same is left alone: a click on it must not be lost.
function put(reading, html) {
  if (reading !== screen.shown) showVerdict(reading, html);
  else if (html !== screen.html) replaceVerdict(html);
  screen.html = html;
  showUnfinished();
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
async function keep(reading) {
  screen.requested = reading;
  await show(reading);
  if (screen.requested === reading) say(message.dataset.product);
}

// Show the first verdict on another reading.
function showVerdict(reading, html) {
  screen.key = newKey();
  screen.shown = reading;
  arm();
  place.innerHTML = html;
  makeReady(ENTER_DELAY_MS);
}

// Show a newer verdict on the same reading, and keep what was typed and chosen.
function replaceVerdict(html) {
  const typed = typedSoFar();
  const wasReady = isReady();
  place.innerHTML = html;
  makeReady(wasReady ? 0 : ENTER_DELAY_MS);
  restore(typed);
}

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
  screen.requested = screen.before = screen.shown = screen.left = null;
  turn += 1;
  showState(state);
  field.value = '';
  say();
  field.focus();
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
  const unfolded = [...place.querySelectorAll('details[open]')].map((part) => part.id).filter(Boolean);
  return {values: [...new FormData(form)], id: active?.id, at: active?.selectionStart, unfolded};
}

// Restore what was typed.
export function restore(typed) {
  const form = byId('confirm');
  if (!typed || !form) return;
  for (const fold of typed.unfolded.map(byId)) if (fold) fold.open = true;
  for (const [name, value] of typed.values) if (form.elements[name]) fill(form.elements[name], value);
  form.querySelectorAll('details').forEach(openIfFilled);
  if (form.elements.arrival?.value) refreshEntitlement(form);
  if (typed.id) restoreFocus(byId(typed.id), typed.at);
}

// Put the cursor back into a field, if the field is still there.
function restoreFocus(input, at) {
  input?.focus();
  if (input && typeof at === 'number') input.setSelectionRange(at, at);
}

// Open a part of the form that can be folded, if something was typed or chosen in it.
function openIfFilled(part) {
  part.open ||= [...part.querySelectorAll('input, select')].some((input) => input.value);
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
