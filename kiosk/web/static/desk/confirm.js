// The form beside a verdict: records the visit, or adds the holder to a card without a name.
import {postJson} from '../call.js';
import {byId, current, fieldAtFault, faultText, field, message, place, problem, say, screen, showLamp, showState} from './screen.js';
import {newKey, show, showAgain, showRecent, typedSoFar} from './verdict.js';

const WITHOUT_CARD = ['uninsured', 'emergency'];
const INSURED = ['confirm', 'word'];  // the buttons that record a visit for the insurer
const SLOW_MS = 2000;   // a recording that takes longer is shown as not known
const RETRY_MS = 1000;  // between two questions about a recording whose answer was lost

// React to the form and its buttons.
export function watchConfirmation() {
  place.addEventListener('submit', (event) => {
    if (event.target.id !== 'confirm') return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });
  place.addEventListener('click', ({target}) => {
    const button = target.closest('[data-take]');
    if (button) take(button.dataset);
  });
  place.addEventListener('keydown', (event) => {
    const {key, ctrlKey, target} = event;
    if (key !== 'Enter' || !target.matches('#confirm input, #confirm select')) return;
    event.preventDefault();
    if (ctrlKey) recorderOf(target)?.click();
    else nextOf(target).focus();
  });
}

// Return the button that sends the form from a field: that of its part of the form, or the first button.
function recorderOf(input) {
  const ofPart = (part) => input.closest(part)?.querySelector('button[type=submit]');
  return ofPart('.field') ?? ofPart('details') ?? current()?.querySelector('[data-primary][type=submit]');
}

// Return the field or button that follows a field in its form. Enter goes there; Ctrl+Enter records.
function nextOf(input) {
  const parts = [...input.form.querySelectorAll('input, select, button')].filter((part) => part.checkVisibility());
  return parts[parts.indexOf(input) + 1] ?? input;
}

// Return the first field for name or birth that is still empty, if there is one.
export function firstEmpty(form) {
  return [...form.querySelectorAll('#holder, #born')].find((input) => !input.value.trim());
}

// Do what the pressed button stands for. Enter in a field never records: only a button does.
function submit(form, button) {
  if (screen.recording || !button) return;
  const data = Object.fromEntries(new FormData(form));
  const action = button.value;
  if (lacksName(form, data, action)) return sayWrong({field: 'holder', fault: 'missing'});
  if (lacksReason(data, action)) return sayWrong({field: 'clerk_reason', fault: 'missing'});
  if (action !== 'ask') return record(visitOf(data, action));
  const empty = firstEmpty(form);
  return empty ? empty.focus() : addHolder(data);
}

// Return whether the insurer would be sent a visit without a name: the one in the code is garbled, and the
// clerk has typed none.
function lacksName(form, {holder, arrival}, action) {
  const isInsured = INSURED.includes(action) && !WITHOUT_CARD.includes(arrival);
  return isInsured && 'garbled' in form.dataset && !holder.trim();
}

// Return whether a patient would be admitted against the program's advice without a reason.
function lacksReason(data, action) {
  return action === 'word' && byId('clerk_reason') !== null && !(data.clerk_reason ?? '').trim();
}

// Say what is wrong, and go to the field that it is about.
function sayWrong(answer, intro = '') {
  say(`${intro} ${problem(answer)}`.trim());
  markWrong(answer);
  const input = fieldAtFault(answer) ?? byId(answer.title === 'already_here' ? 'repeat_reason' : 'clerk_reason');
  const fold = input?.closest('details');
  if (fold) fold.open = true;
  input?.focus();
  input?.scrollIntoView({block: 'nearest'});  // the texts have moved it down
}

// Say at a field what is wrong with it: the message above the verdict may be out of sight on a phone.
function markWrong(answer) {
  place.querySelectorAll('.field .message').forEach((mark) => mark.remove());
  const [input, text] = [fieldAtFault(answer), faultText(answer)];
  if (!input || !text) return;
  const mark = document.createElement('p');
  mark.className = 'message';
  mark.textContent = text;
  input.before(mark);
}

// Return the visit to record, from the fields of the form.
function visitOf(data, action) {
  if (WITHOUT_CARD.includes(action)) {
    data.arrival = action;
    delete data.papers;
  }
  if (data.secret) data.secret = true;
  if (action === 'unknown') {
    const {estimated_age: age, description} = data;
    Object.assign(data, {arrival: 'emergency', papers: '', unknown: {estimated_age: age, description}});
  }
  if (action !== 'without') delete data.temporary_code;
  delete data.estimated_age;
  delete data.description;
  addReferral(data);
  addPerson(data);
  return {attempt: screen.shown, ...Object.fromEntries(Object.entries(data).filter(([, value]) => value))};
}

// Add the referral and the appointment slip, each if the patient came with one.
function addReferral(data) {
  const {signed, year, referral_facility: facility, referral_number: number, referral_form: form} = data;
  if (data.arrival === 'referral' && (signed || facility || number)) {
    data.referral = {
      signed_on: signed, facility, number, form, for_a_year: Boolean(year),
    };
  }
  if (data.arrival === 'reappointment' && data.appointment_number) {
    data.appointment = {number: data.appointment_number, facility: data.appointment_facility};
  }
}

// Add a child's guardian, and the number of another document, if they were typed.
function addPerson(data) {
  const {guardian_name: name, guardian_relation: relation, guardian_number: number, guardian_phone: phone} = data;
  if (name || relation || number || phone) data.guardian = {name, relation, number, phone};
  const {document_kind: kind, document_number: document} = data;
  if (kind || document) data.numbers = [{kind, number: document}];
}

// Record a visit, and show its ticket. A second press does nothing while the first is on its way. If the
// answer does not come, the page says that it is not known until it is.
async function record(visit) {
  const typed = typedSoFar();
  screen.recording = true;
  delete current()?.dataset.ready;
  showLamp();
  const slow = setTimeout(() => showState('checking'), SLOW_MS);
  try {
    const {ok, answer} = await postJson('/api/visits', visit, {'Idempotency-Key': screen.key});
    clearTimeout(slow);
    screen.recording = false;
    if (!ok) return await refused(visit, typed, answer);
    say();
    await showTicket(visit.attempt);
  } catch {
    clearTimeout(slow);
    await settle(visit, typed);
  }
}

// Show why a visit was not recorded, with what was typed.
async function refused(visit, typed, answer) {
  if (screen.shown !== visit.attempt || !current()) await showAgain(visit.attempt, typed);
  current().dataset.ready = '';
  showLamp();
  sayWrong(answer, message.dataset.notRecorded);
}

// Show the ticket of a visit, and whose turn it is.
async function showTicket(reading) {
  if (!current()) screen.shown = null;  // a state stands in the place of the verdict
  await show(reading);
  // Before anything else is fetched: by then the next patient may be on screen, and the clerk typing.
  if (screen.shown === reading) field.focus();
  await showRecent();
}

// Ask what became of a recording whose answer was lost, until the program says it. If nothing was recorded,
// nothing will be: the program closes the key, and the clerk may record again.
async function settle(visit, typed) {
  showState('checking');
  for (;;) {
    try {
      const {ok, answer} = await postJson('/api/visits/outcome', {}, {'Idempotency-Key': screen.key});
      if (ok) return await settled(visit, typed, answer.visit);
    } catch {
      // The program is still away.
    }
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
  }
}

// Show what became of a recording.
async function settled(visit, typed, recorded) {
  screen.recording = false;
  try {
    if (recorded) return await showTicket(visit.attempt);
    await showAgain(visit.attempt, typed);
    screen.key = newKey();
    say(message.dataset.nothingRecorded);
  } catch {
    showState('silent');
  }
}

// Take a name that is offered. If nobody knows the birth date yet, the clerk types it first.
function take({holder, born}) {
  const input = byId('born');
  if (born || !input || input.value.trim()) return addHolder({holder, born: born ?? input?.value});
  byId('holder').value = holder;
  input.focus();
}

// Add to a card without a name the name and birth date of its holder, which the clerk typed or took from
// what is offered. The program judges the card again and asks the insurer.
async function addHolder({holder, born}) {
  try {
    const {ok, answer} = await postJson(`/api/scans/${screen.shown}/holder`, {holder, born});
    if (!ok) return sayWrong(answer);
    say();
    await show(screen.shown);
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}
