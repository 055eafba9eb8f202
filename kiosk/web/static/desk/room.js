// The field for the room: what is typed finds a room of the list, also without accents or by the first letters
// of its words ("pk2"). The list begins with the room that was used last. Where several desks share the numbers of the
// rooms, the program learns the room as soon as it is chosen, so that a number of it is there at the confirmation.
import {postJson} from '../call.js';
import {byId, place} from './screen.js';

// React to the field and its list. It sees keys before the form does: Enter first takes the room.
export function watchRoom() {
  place.addEventListener('focusin', ({target}) => { if (isRoom(target)) open(target); });
  place.addEventListener('focusout', ({target}) => { if (isRoom(target)) leave(target); });
  place.addEventListener('input', ({target}) => { if (isRoom(target)) filter(target.value); });
  place.addEventListener('change', ({target}) => {
    if (target.id === 'arrival') proposeEmergency(target.value === 'emergency');
    if (target.id === 'priority') delete target.dataset.proposed;
  });
  place.addEventListener('keydown', (event) => { if (isRoom(event.target)) press(event); }, true);
  place.addEventListener('pointerdown', (event) => {
    const option = event.target.closest('#room-list [role=option]');
    if (!option) return;
    event.preventDefault();  // the focus stays in the field
    take(option);
  });
}

// Return whether an element is the field for the room.
function isRoom(element) { return element.id === 'room'; }

// Return a text without accents and capitals.
function fold(text) { return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim(); }

// Return whether a room's name has what was typed: all words of it, or the first letters of the name's words.
function isFound(name, typed) {
  const words = fold(name).split(/\s+/);
  const initials = words.map((word) => (/^\d/.test(word) ? word : word[0])).join('');
  if (typed && initials.startsWith(typed.replace(/\s/g, ''))) return true;
  return typed.split(/\s+/).every((part) => words.some((word) => word.startsWith(part)) || fold(name).includes(part));
}

// Return the rooms of the list.
function options() { return [...byId('room-list').children]; }

// Return the room of the list that Enter takes.
function active() { return byId('room-list').querySelector('[aria-selected=true]'); }

// Open the list with all rooms.
function open(input) {
  input.select();
  filter('');
}

// Show the rooms that have what was typed; the first one is what Enter takes.
function filter(typed) {
  const wanted = fold(typed);
  for (const option of options()) option.hidden = !isFound(option.dataset.name, wanted);
  const shown = options().filter(({hidden}) => !hidden);
  show(shown.length > 0);
  mark(wanted ? chosen(typed) ?? shown[0] : undefined);
}

// Show or hide the list.
function show(isOpen) {
  byId('room-list').hidden = !isOpen;
  byId('room').setAttribute('aria-expanded', isOpen);
}

// Mark the room that Enter takes.
function mark(option) {
  for (const other of options()) other.setAttribute('aria-selected', other === option);
  const input = byId('room');
  if (option) input.setAttribute('aria-activedescendant', option.id);
  else input.removeAttribute('aria-activedescendant');
  option?.scrollIntoView({block: 'nearest'});
}

// Do what a key does in the list. Enter takes a room, and then does what it does in every field.
function press(event) {
  const isOpen = !byId('room-list').hidden;
  const {key} = event;
  if (key === 'ArrowDown') step(event, isOpen, 1);
  else if (key === 'ArrowUp') step(event, isOpen, -1);
  else if (key === 'Enter' && active()) take(active());
  else if (key === 'Escape' && isOpen) putBack(event);
}

// Mark the next room of the list, or the one before.
function step(event, isOpen, by) {
  event.preventDefault();
  if (!isOpen) filter('');
  const shown = options().filter(({hidden}) => !hidden);
  const before = active() ? shown.indexOf(active()) : Math.min(-by, 0);
  mark(shown[(before + by + shown.length) % shown.length]);
}

// Put the room back that the field had first. Esc does nothing else then.
function putBack(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  byId('room').value = byId('room').defaultValue;
  mark();
  show(false);
  showServices();
}

// Put a room of the list into the field.
function take(option) {
  byId('room').value = option.dataset.name;
  mark();
  show(false);
  showServices();
  expectNumber();
}

// Let a number of the room that was chosen be fetched, if several desks share them. Nothing waits for it.
function expectNumber() {
  const {dataset, value, defaultValue} = byId('room');
  if (!('shared' in dataset) || value === (dataset.expected ?? defaultValue) || !chosen(value)) return;
  dataset.expected = value;
  postJson('/api/queue/expect', {room: value}).catch(() => {});
}

// The field loses the focus: what was typed becomes the room that it found.
function leave(input) {
  if (active() && !chosen(input.value)) take(active());
  show(false);
  showServices();
  expectNumber();
}

// Return the room of the list whose name stands in the field.
function chosen(value) { return options().find(({dataset}) => fold(dataset.name) === fold(value)); }

// Return whether the field names a room of the list, or none: then it is the usual one.
export function isKnownRoom() {
  const input = byId('room');
  return !input || !input.value.trim() || chosen(input.value) !== undefined;
}

// Offer the services of the room, if it has several. `code` is the one that was chosen before.
export function showServices(code = byId('service')?.value) {
  const input = byId('room');
  if (!input) return;
  const dataset = chosen(input.value)?.dataset ?? {services: '[]', codes: '[]'};
  const [names, codes] = [JSON.parse(dataset.services), JSON.parse(dataset.codes)];
  byId('service-field').hidden = names.length === 0;
  byId('service').replaceChildren(...names.map((name, at) => new Option(name, codes[at], false, codes[at] === code)));
}

// An emergency is called first, unless the clerk chooses another priority. The proposal goes with the emergency.
export function proposeEmergency(isEmergency) {
  const list = byId('priority');
  if (isEmergency && list?.value === '') {
    list.value = 'emergency';
    list.dataset.proposed = '';
  } else if (!isEmergency && list && 'proposed' in list.dataset) {
    list.value = [...list.options].find(({defaultSelected}) => defaultSelected)?.value ?? '';
    delete list.dataset.proposed;
  }
}

// Return the service that was chosen, as the program takes it; nothing if the room has one at most.
export function chosenService() {
  const option = byId('service')?.selectedOptions[0];
  return option && {code: option.value, name: option.textContent};
}
