// Shows the newest verdict on a reading, and keeps what the clerk has typed beside it.
import {fragment} from '../call.js';
import {refreshEntitlement} from './entitlement.js';
import {byId, field, message, place, say, screen} from './page.js';
import {pressEnded} from './press.js';

const ENTER_DELAY_MS = 400;  // Enter does not confirm a card that has been on screen for less

let turn = 0;  // number of the last request; answers to earlier ones are not shown

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
}

// Return whether a verdict is about a product's bar code.
function isProduct(html) {
  const part = document.createElement('template');
  part.innerHTML = html;
  return part.content.querySelector('.verdict')?.dataset.format === 'product';
}

// Return whether a reading that is on screen, or about to be, is another one and may hold a card.
function mayBeCard(reading, other) {
  if (reading === null || reading === other) return false;
  return reading !== screen.shown || place.querySelector('.facts') !== null;
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
  place.innerHTML = html;
  makeReady(ENTER_DELAY_MS);
  place.scrollIntoView({block: 'nearest'});
}

// Show a newer verdict on the same reading, and keep what was typed and chosen.
function replaceVerdict(html) {
  const typed = typedSoFar();
  place.innerHTML = html;
  makeReady(0);
  restore(typed);
  const form = byId('confirm');
  if (typed && form?.elements.arrival?.value) refreshEntitlement(form);
}

// Let Enter confirm the visit after a delay.
function makeReady(delayMs) {
  const form = byId('confirm');
  if (form) setTimeout(() => { form.dataset.ready = ''; }, delayMs);
}

// Clear the screen for the next patient.
export function clear() {
  screen.requested = screen.before = screen.shown = null;
  turn += 1;
  place.innerHTML = byId('waiting').innerHTML;
  field.value = '';
  say();
  field.focus();
}

// Show the newest visits.
export async function showRecent() { byId('recent').innerHTML = await fragment('/desk/recent'); }

// Return what the clerk has typed so far, and the field and position of the cursor.
function typedSoFar() {
  const form = byId('confirm');
  if (!form) return null;
  const active = form.contains(document.activeElement) ? document.activeElement : null;
  return {values: [...new FormData(form)], id: active?.id, at: active?.selectionStart};
}

// Restore what was typed.
function restore(typed) {
  const form = byId('confirm');
  if (!typed || !form) return;
  for (const [name, value] of typed.values) if (form.elements[name]) fill(form.elements[name], value);
  form.querySelectorAll('details').forEach(openIfFilled);
  const active = typed.id && byId(typed.id);
  if (!active) return;
  active.focus();
  if (typed.at !== null && typed.at !== undefined) active.setSelectionRange(typed.at, typed.at);
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
  const words = [...place.querySelectorAll('.outcome-word, .verdict h2')].map((part) => part.textContent.trim()).join(': ');
  const announcement = byId('announcement');
  if (announcement.textContent !== words) announcement.textContent = words;
}

// Return a new idempotency key.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
