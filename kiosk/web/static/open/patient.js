// The patient's own display: shows one of its pictures, as the program says. Whenever the program is silent, it shows
// "show your card", and never an error. A card as a picture comes from the clerk's page in this browser, and is wiped
// after a time, by the clerk, by the next patient, and when the program is silent.
import {fragment} from '../call.js';
import {fit} from './fit.js';

const SILENCE_MS = 5000;   // of the program, after which it is taken for gone
const NUMBER_MS = 15_000;  // that a number stays, also if the program stops meanwhile
const RETRY_MS = 5000;     // after an answer that is not a stream
const CARD_MS = 30_000;    // that the picture of a card stays

const byId = (id) => document.getElementById(id);
const {desk} = document.body.dataset;
let silence = null;
let wiping = null;
let turn = null;   // changes with each patient
let card = 0;      // the number of the card that is shown
let shown = 0;     // how many pictures were asked for
const channel = new BroadcastChannel('tiepdon-card');

// Show a picture: {picture, label, room, initials, guide, language}.
function show({picture, label, room, initials, guide, language}) {
  clearTimeout(wiping);
  shown += 1;
  if (picture === 'guide') return showGuide(guide, language, shown);
  reveal(picture);
  write(picture === 'number' ? {label, room, initials} : {label: '', room: '', initials: ''});
  if (picture === 'number') wiping = setTimeout(ready, NUMBER_MS);
}

// Let a picture be seen, and no other.
function reveal(picture) {
  if (picture !== 'card') wipeCard();
  document.body.dataset.picture = picture;
  for (const part of document.querySelectorAll('[data-when]')) part.hidden = part.dataset.when !== picture;
  if (picture !== 'guide') byId('guide').replaceChildren();
}

// Write what the number's picture says; empty texts wipe it.
function write({label, room, initials}) {
  byId('label').textContent = byId('label-en').textContent = label;
  byId('label').dataset.length = label.length;
  byId('room').textContent = byId('room-en').textContent = room;
  byId('initials').textContent = initials;
  byId('initials').hidden = !initials;
}

// Show the picture of a card, for a time.
function showCard(number, html) {
  show({picture: 'card'});
  card = number;
  byId('card').innerHTML = html;
  wiping = setTimeout(ready, CARD_MS);
  channel.postMessage({shown: number});
}

// Wipe the picture of a card, and tell the clerk's page.
function wipeCard() {
  byId('card').innerHTML = '';
  if (card) channel.postMessage({gone: card});
  card = 0;
}

// Show what the program says. What is the same as before leaves a card alone.
function obey(said) {
  const isNext = turn !== said.turn || said.picture !== 'ready';
  turn = said.turn;
  if (!card || isNext) show(said);
}

// Fetch a guide and show it, unless another picture came meanwhile.
async function showGuide(key, language, asked) {
  try {
    const html = await fragment(`/display/patient/guide?key=${encodeURIComponent(key)}&in=${language}`);
    if (asked !== shown) return;
    reveal('guide');
    write({label: '', room: '', initials: ''});
    byId('guide').lang = language;
    byId('guide').replaceChildren(document.createRange().createContextualFragment(html));
    fit(byId('guide'), () => document.documentElement.scrollHeight > innerHeight);
  } catch {
    if (asked === shown) ready();
  }
}

// Show "show your card".
function ready() { show({picture: 'ready'}); }

// Note that the program has just answered.
function noteAnswer() {
  clearTimeout(silence);
  silence = setTimeout(ready, SILENCE_MS);
}

// Follow the pictures of this desk. The browser connects again by itself, but not after an error.
function follow() {
  const source = new EventSource(`/display/patient/events?desk=${encodeURIComponent(desk)}`);
  source.addEventListener('message', ({data}) => { noteAnswer(); obey(JSON.parse(data)); });
  source.addEventListener('alive', noteAnswer);
  source.addEventListener('error', () => {
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(follow, RETRY_MS);
  });
}

channel.addEventListener('message', ({data}) => {
  if (data.show && data.desk === desk) showCard(data.show, data.html);
  else if (data.take && data.take === card) ready();
});

ready();
follow();
addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });
