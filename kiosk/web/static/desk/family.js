// A family at the desk: after a visit the clerk goes on with the next of the family. Who brought the children and
// the room are filled in for that one, the first patient on screen after the press; each visit has its own number.
// The family ends with Esc, the recording of anybody else, and after its newest visit unless the clerk presses
// again. Without that, the adult whose card was read just before is only offered.
import {fragment} from '../call.js';
import {byId, current, place, screen} from './screen.js';

const OFFERED_MS = 15 * 60_000;  // for which an adult whose card was read is offered
const CHILDREN = ['newborn', 'young', 'yes'];
const FIELDS = {guardian_name: 'name', guardian_relation: 'relation', guardian_number: 'number', guardian_phone: 'phone'};
const bar = byId('family');

// {name, relation, number, from, phone, room, readings, next}: `number` is masked, and the program knows it by the
// reading `from`. `readings` were recorded, and `next` is that of the next one of
// the family; null until the patient is on screen.
let family = null;
let adult = null;   // the last adult on screen: {name, number, from, reading, at}

// Return the family with which the clerk goes on, or null.
export const currentFamily = () => (isServed() ? null : family);

// Return whether nobody more of the family is expected.
function isServed() { return family === null || family.readings.includes(family.next); }

// Return whether what is on screen is the family's.
function isOfFamily() { return family !== null && (family.next === null || family.next === screen.shown); }

// Go on with the family of the visit on screen. It is a new one, unless the visit is the family's.
export function beginFamily({name, relation, number, from, phone, room}) {
  const readings = isOfFamily() ? family.readings : [screen.shown];
  goOn({name, relation, number, from, phone, room, readings, next: null});
}

// The one on screen was put off, or the card could not be read: the next one is the family's, too. Return whether it is.
export function awaitNext() {
  if (!isOfFamily()) return false;
  family.next = null;
  return true;
}

// Go on with a family that was kept while the page was left.
export function goOn(kept) {
  family = kept;
  showBar();
  byId('family-who').textContent = family?.name ?? '';
  byId('family-numbers').replaceChildren();
  if (family) showNumbers(byId('family-numbers'));
}

// Show the family beside the one to whom it belongs only.
function showBar() { bar.hidden = !isOfFamily(); }

// The family has been served.
export function endFamily() { goOn(null); }

// A verdict was put on screen, with what the clerk typed before: offer who brought the child; list the numbers on a
// ticket.
export function useFamily() {
  const [list, form] = [place.querySelector('.middle > .family'), byId('confirm')];
  if (list && family) addTicket(list);
  else if (form) useForm(form);
  showBar();
}

// The screen was cleared: the family stays beside it if its next one is expected.
export const leaveScreen = showBar;

// Fill a new form with the family's room and who brought the child. What the clerk typed in the form before it is put
// back after this, and counts.
export function fillFamily() {
  const form = byId('confirm');
  if (family && isPatient()) meet();
  if (!isOfFamily() || !form) return;
  if (form.elements.room) fill(form.elements.room, family.room);
  if (isForChild(form) && family.name) fillGuardian(family);
}

// Return whether a patient is on screen, and not a scan that could not be read.
function isPatient() { return 'card' in current().dataset || current().dataset.reason === 'no_card_shown'; }

// A patient is on screen: the next one of the family, or somebody else.
function meet() {
  if (family.next === null) family.next = screen.shown;
  else if (isServed() && family.next !== screen.shown) endFamily();
}

// Return whether a form asks, or may ask, who brought a child.
function isForChild(form) {
  const isChild = CHILDREN.includes(form.dataset.child) || 'withoutCard' in form.dataset;
  return isChild && byId('guardian_name') !== null;
}

// Note an adult, or offer the one before.
function useForm(form) {
  const known = byId('adult');
  if (known) adult = {...known.dataset, reading: screen.shown, at: Date.now()};
  if (isForChild(form) && !(isOfFamily() && family.name)) offer();
}

// Offer the adult whose card was read just before.
function offer() {
  const part = place.querySelector('.family-offer');
  const isRecent = adult && adult.reading !== screen.shown && Date.now() - adult.at < OFFERED_MS;
  if (!part || !isRecent || byId('guardian_name').value) return;
  const button = part.querySelector('button');
  button.querySelector('span').textContent = button.dataset.words.replace('{name}', adult.name);
  part.hidden = false;
  unfold(part);
}

// The clerk takes the adult who is offered.
export function takeAdult() {
  if (!adult) return;
  for (const [id, key] of Object.entries(FIELDS)) if (adult[key] && byId(id)) byId(id).value = adult[key];
  byId('guardian_number').dataset.from = adult.from;
  place.querySelector('.family-offer').hidden = true;
  byId('guardian_relation')?.focus();
}

// Fill in who brought the child, where the clerk sees it.
function fillGuardian(guardian) {
  for (const [id, key] of Object.entries(FIELDS)) if (byId(id) && !byId(id).value) fill(byId(id), guardian[key] ?? '');
  if (guardian.from) byId('guardian_number').dataset.from = guardian.from;
  unfold(byId('guardian_name'));
}

// Open the part of the form in which something is.
function unfold(part) {
  for (let fold = part.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
}

// Fill a field as if the program had filled it: the clerk has not typed it, so that the next scan is shown.
function fill(input, value) {
  input.value = value;
  if ('defaultValue' in input) input.defaultValue = value;
  else for (const option of input.options) option.defaultSelected = option.value === value;
}

// Add the visit on screen to the family, and list the family's numbers under its own. Anybody else's ends the family.
function addTicket(list) {
  if (!isOfFamily()) return endFamily();
  family.next = screen.shown;
  if (!family.readings.includes(screen.shown)) family.readings.push(screen.shown);
  showNumbers(list);
  showNumbers(byId('family-numbers'));
}

// Show the numbers that the family was given. The program knows which of them were cancelled since.
async function showNumbers(list) {
  const query = new URLSearchParams(family.readings.map((reading) => ['reading', reading]));
  try {
    const html = await fragment(`/desk/family?${query}`);
    if (family && list.isConnected) list.innerHTML = html;
  } catch {
    // The numbers are in the list of the newest visits, too.
  }
}
