// The search of the logbook: finds as one types, goes through the results by keys, and hears keyboard-type
// readers. What is typed names persons, so it is posted; the address has the filters only.
import {takeBadge} from '../badge.js';
import {LIMIT_MS, postJson} from '../call.js';
import {forgetOld} from '../kept.js';
import {watchKeyboard} from '../keyboard_reader.js';
import {watchProgram} from '../program.js';

const WAIT_MS = 120;  // after the last key
const form = document.getElementById('search');
const field = document.getElementById('q');
const found = document.getElementById('found');
const said = document.getElementById('scan-said');
let timer = null;
let asked = null;  // the fields that the newest question was about
let waiting = Promise.resolve();

// Return what the form holds, for a comparison and to be sent.
function fields(more = {}) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.set(name, value);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  return body;
}

// Ask once nobody has typed for a moment.
function later() {
  clearTimeout(timer);
  said.textContent = '';
  timer = setTimeout(find, WAIT_MS);
}

// Show what the form finds, or its page before or after a place.
function find(more = {}) {
  clearTimeout(timer);
  const body = fields(more);
  const question = body.toString();
  if (question === asked) return waiting;
  asked = question;
  waiting = ask(body, question, 'before' in more || 'after' in more);
  return waiting;
}

async function ask(body, question, isTurn) {
  try {
    const response = await fetch(`${form.action}/found`, {method: 'POST', body, signal: AbortSignal.timeout(LIMIT_MS)});
    if (question !== asked) return;
    if (!response.ok) throw new Error(String(response.status));
    const html = await response.text();
    if (question !== asked) return;
    found.innerHTML = html;
    history.replaceState(null, '', response.headers.get('X-Filters') ?? location.pathname);
    if (isTurn) {
      found.scrollIntoView({block: 'start'});
      links()[0]?.focus();
    }
  } catch {
    if (question !== asked) return;
    asked = null;  // the next key asks again
    found.textContent = '';  // what an earlier question found is no answer to this one
    said.textContent = form.dataset.noAnswer;
  }
}

// Return the links to the visits that are shown.
function links() {
  return [...found.querySelectorAll('a.open')];
}

// Go through the results with the arrows; Escape goes back to the field.
function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const stops = [field, ...links()];
  const at = stops.indexOf(document.activeElement);
  const next = {ArrowDown: at + 1, ArrowUp: at - 1, Escape: 0}[event.key];
  if (at < 0 || next === undefined || (event.key === 'Escape' && at === 0)) return;
  stops[next]?.focus();
  event.preventDefault();
}

// Enter opens the only result; of several it goes to the first. Other buttons turn pages.
async function onSubmit(event) {
  event.preventDefault();
  const {name, value} = event.submitter ?? {};
  if (name) {
    if (name in form.elements) form.elements[name].value = value;
    await find({[name]: value});
    return;
  }
  await find();
  const all = links();
  if (all.length === 1 && field.value.trim() && document.activeElement === field) all[0].click();
  else all[0]?.focus();
}

// Open what a reader has read: the person of a card, the visit of a ticket.
async function take(payload) {
  if (takeBadge(payload)) return;
  try {
    const {ok, answer} = await postJson(`${form.action}/scanned`, {payload});
    if (ok && answer.address) location.assign(answer.address);
    else if (ok && answer.text) await look(answer.text);
    else if (ok) said.textContent = answer.is_ticket ? form.dataset.noTicket : form.dataset.nothing;
    else said.textContent = form.dataset.noCard;
  } catch {
    said.textContent = form.dataset.noCard;
  }
}

// Look for a text as if it had been typed, and go to the first result.
async function look(text) {
  field.value = text;
  await find();
  links()[0]?.focus();
}

field.addEventListener('input', later);
form.querySelector('.filters').addEventListener('change', () => find());
form.addEventListener('submit', onSubmit);
document.addEventListener('keydown', onKey);
watchKeyboard(take, field);
watchProgram();
forgetOld();
