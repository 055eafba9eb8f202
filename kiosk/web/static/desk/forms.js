// The forms of the desk: the case of a patient without a card, the reason for admitting a patient anyway, and
// the way from field to field.
import {proposeEmergency} from './room.js';
import {byId, current, field, place, showLamp} from './screen.js';

const SCAN_ADVICE = '.middle > .say, .middle > .next, .name.none, .acts:not(.for-case)';
const FIELDS = 'input, select, textarea';

// React to the cases, and to the reasons.
export function watchForms() {
  place.addEventListener('input', ({target}) => { if (target.name === 'case') changeCase(); });
  place.addEventListener('click', (event) => {
    const {target, detail} = event;
    const opener = target.closest('[data-case]');
    if (opener) chooseCase(opener.dataset.case);
    else if (target.closest('[data-close]')) target.closest('dialog').close();
    else if (detail > 0 && target.closest('.cases label') && !target.matches('input')) setTimeout(toFirstEmpty);
    if (target.name === 'case' && !target.form.hidden) showCase();
  });
  place.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (pressDigit(event) || moveCase(event)) event.preventDefault();
    else if (writesReason(event)) byId('clerk_reason').focus();
  });
}

// Return the chosen case of the form without a card, or null if the form on screen is another one.
function chosen() { return byId('confirm')?.querySelector('input[name=case]:checked') ?? null; }

// Open the form without a card, and choose a case.
export function chooseCase(name) {
  const radio = place.querySelector(`input[name=case][value="${name}"]`);
  if (!radio) return;
  radio.checked = true;
  openCases();
  proposePriority();
  toFirstEmpty();
}

// Another case was chosen.
function changeCase() {
  showCase();
  proposePriority();
}

// An emergency is called first, unless the clerk chooses otherwise; other cases are not by themselves.
function proposePriority() { proposeEmergency(chosen().dataset.arrival === 'emergency'); }

// Show the form without a card, in place of the advice about a scan that was not read.
export function openCases() {
  byId('confirm').dataset.open = '';
  showCase();
}

// Show what the chosen case asks for; what was typed for another case stays where it is.
export function showCase() {
  const radio = chosen();
  const form = byId('confirm');
  if (!radio || !('open' in form.dataset)) return;
  form.hidden = false;
  for (const part of form.querySelectorAll('[data-cases]')) part.hidden = !asks(part, radio.value);
  // A name that was typed says who an unknown patient is: it must be seen before it is taken out.
  const named = byId('holder');
  if (named.value.trim()) named.closest('.field').hidden = false;
  for (const part of current().querySelectorAll(SCAN_ADVICE)) part.remove();
  const acts = current().querySelector('.acts.for-case');
  acts.hidden = false;
  const primary = acts.querySelector('[data-primary]');
  primary.querySelector('span').textContent = radio.dataset.button;
  current().querySelector('.why').textContent = radio.dataset.detail;
  primary.className = `primary records ${radio.dataset.tone}`;
  showLamp();
}

// Return whether a part of the form is for a case.
function asks(part, name) { return part.dataset.cases.split(' ').includes(name); }

// Return whether what a field of the form holds is to be recorded: all of it, but in the form without a card only
// what is on screen for the case.
export function isOfCase(form, name) {
  if (!('withoutCard' in form.dataset)) return true;
  const inputs = form.elements[name];
  const input = inputs instanceof RadioNodeList ? inputs[0] : inputs;
  return !input.closest('[data-cases][hidden]') && name !== 'case';
}

// Add to what was typed what the chosen case stands for.
export function visitOfCase(data) {
  const {value, dataset} = chosen();
  if (value !== 'child' && value !== 'receipt') data.arrival = dataset.arrival;
  if (dataset.papers) data.papers = dataset.papers;
  else if (value !== 'newborn') delete data.papers;
  if (value === 'unknown') data.unknown = {estimated_age: data.estimated_age, description: data.description};
  delete data.estimated_age;
  delete data.description;
}

// Go to the first field that is still empty, or to the first one.
export function toFirstEmpty() {
  const inputs = visible(byId('confirm'), 'input:not([type=radio], [type=checkbox])');
  (inputs.find((input) => !input.value.trim()) ?? inputs[0] ?? field).focus();
}

// Return the parts of a form that are on screen.
function visible(form, what) { return [...form.querySelectorAll(what)].filter((part) => part.checkVisibility()); }

// Return the field or button that follows a field: in its dialog or form, and at the end the button that records.
export function nextOf(input) {
  const group = input.closest('dialog') ?? input.form;
  const parts = visible(group, `${FIELDS}, button`).filter((part) => !isSameGroup(part, input) && takesFocus(part));
  const isAfter = (part) => input.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING;
  return parts.find(isAfter) ?? current()?.querySelector('[data-primary]');
}

// Return whether two fields are choices of the same group.
function isSameGroup(part, input) { return part.type === 'radio' && part.name === input.name; }

// Return whether Tab goes to a part: of a group, to the chosen one, or to the first.
function takesFocus(part) {
  if (part.type !== 'radio') return true;
  const group = [...part.form.elements[part.name]];
  return part === (group.find((radio) => radio.checked) ?? group[0]);
}

// Open a dialog of the form and go to its choice.
export function openSheet(sheet) {
  if (!sheet.open) sheet.showModal();
}

// Open the reasons for admitting the patient anyway.
export function askReason() {
  const sheet = byId('reason-sheet');
  if (!sheet) return;
  openSheet(sheet);
  (sheet.querySelector('input:checked') ?? sheet.querySelector('input')).focus();
}

// Choose a reason by its digit; return whether the key was one.
function pressDigit({key, target}) {
  if (target.name !== 'stock_reason') return false;
  const radio = target.closest('dialog').querySelector(`[data-digit="${CSS.escape(key)}"]`);
  radio?.click();
  radio?.focus();
  if (radio?.dataset.to) byId(radio.dataset.to).focus();
  return Boolean(radio);
}

// Return whether a letter was typed among the usual reasons: it begins a reason of the clerk's own.
function writesReason({key, target}) { return target.name === 'stock_reason' && [...key].length === 1 && key !== ' '; }

// Choose the case before or after with an arrow key in a field that is still empty: the arrows have no other use
// there. Return whether the key was one.
function moveCase({key, target}) {
  const step = {ArrowLeft: -1, ArrowRight: 1}[key];
  if (!step || !chosen() || !target.matches('input:not([type=radio], [type=checkbox])') || target.value) return false;
  const radios = [...target.form.elements.case];
  chooseCase(radios[(radios.indexOf(chosen()) + step + radios.length) % radios.length].value);
  return true;
}
