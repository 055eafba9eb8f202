// The page of a room's queue: shows it as it is now, and sends what a person does with a number. Without this
// script the page works too, but does not renew itself.
import {pressEnded} from './desk/press.js';

const EVERY_MS = 1500;
const LIMIT_MS = 8000;    // of one action
const SETTLE_MS = 700;    // after an action, in which a second press does nothing
const IN_LIST_MS = 10_000;  // for which an open list keeps the queue from being drawn again

const place = document.getElementById('queue');
const said = document.getElementById('said');
let shown = null;     // what the program sent last, as text
let busy = false;     // an action is on its way, or was done just now
let drawnAt = performance.now();
let tag = null;       // of what the program sent last; it sends nothing while that is true
let turn = 0;         // number of the last drawing; older answers are not shown

// Draw the queue as the program sent it. Folds, choices and the focus stay.
async function draw(html, mine) {
  await pressEnded();
  if (mine !== turn) return;
  drawnAt = performance.now();
  if (html === shown) return;
  shown = html;
  const kept = keep();
  place.innerHTML = html;
  giveBack(kept);
}

// Return what a person opened and chose, and where the focus is.
function keep() {
  const active = place.contains(document.activeElement) ? document.activeElement.id : null;
  const choices = [...place.querySelectorAll('details[open] select[id]')].map(({id, value}) => [id, value]);
  return {active, choices, open: [...place.querySelectorAll('details[open]')].map(({id}) => id)};
}

// Give it back to the parts that are still there.
function giveBack({active, choices, open}) {
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  for (const [id, value] of choices) {
    const list = document.getElementById(id);
    if (list && [...list.options].some((option) => option.value === value)) list.value = value;
  }
  // A button that is gone because of another desk gives its place to none: Enter would do something else.
  if (active) (document.getElementById(active) ?? place).focus({preventScroll: true});
}

// Return the button that Enter presses.
function primary() { return place.querySelector('[data-primary]'); }

// Return whether a person chooses from an open list, which drawing would close.
function isChoosing() {
  const inList = document.activeElement?.tagName === 'SELECT' && place.contains(document.activeElement);
  return inList && performance.now() - drawnAt < IN_LIST_MS;
}

// Ask for the queue again and again.
async function follow() {
  if (!busy && !document.hidden && !isChoosing()) {
    const mine = ++turn;
    try {
      const signal = AbortSignal.timeout(LIMIT_MS);
      const headers = tag ? {'If-None-Match': tag} : {};
      const response = await fetch(place.dataset.path, {signal, headers, cache: 'no-store'});
      const html = await response.text();
      if (mine === turn && response.ok) {
        tag = response.headers.get('ETag');
        await draw(html, mine);
      }
    } catch {
      // The program is away: the notice of every page says so.
    }
  }
  setTimeout(follow, EVERY_MS);
}

// Send an action, and show the queue as it is then. A second press meanwhile does nothing.
async function send(form, button) {
  if (busy) return;
  busy = true;
  turn += 1;
  tag = null;
  const body = new URLSearchParams(new FormData(form, button));
  place.setAttribute('aria-busy', 'true');
  try {
    const response = await fetch(form.getAttribute('action'), {method: 'POST', body, signal: AbortSignal.timeout(LIMIT_MS)});
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const queue = page.getElementById('queue');
    if (!queue) throw new Error(`${response.status}`);
    said.textContent = page.getElementById('said').textContent.trim();
    await draw(queue.innerHTML, turn);
    primary()?.focus();
  } catch {
    said.textContent = said.dataset.noAnswer;
  }
  place.removeAttribute('aria-busy');
  setTimeout(() => { busy = false; }, SETTLE_MS);
}

place.addEventListener('submit', (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});
document.addEventListener('keydown', (event) => {
  const {altKey, ctrlKey, metaKey, repeat, code, key} = event;
  if (repeat && key === 'Enter' && place.contains(event.target)) event.preventDefault();
  if (!altKey || ctrlKey || metaKey) return;
  const button = place.querySelector(`[data-key="${CSS.escape(code.replace('Key', '').toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  if (!repeat) button.click();
});
primary()?.focus();
follow();
