// The form beside a verdict: records the visit, or adds the holder to a card without a name.
import {postJson} from '../call.js';
import {byId, faultText, field, fieldAtFault, message, place, problem, say, screen} from './page.js';
import {show, showRecent} from './verdict.js';

const WITHOUT_CARD = ['uninsured', 'emergency'];
const UNINSURED_KEY = 'F8';  // a reader that types does not send it
const INSURED = ['confirm', 'word'];  // the buttons that record a visit for the insurer

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
  document.addEventListener('keydown', (event) => {
    const form = byId('confirm');
    const button = form?.querySelector('button[value=uninsured]');
    if (event.key !== UNINSURED_KEY || event.repeat || !button || !('ready' in form.dataset)) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
}

// Return the first field for name or birth that is still empty, if there is one.
export function firstEmpty(form) {
  return [...form.querySelectorAll('#holder, #born')].find((input) => !input.value.trim());
}

// Do what the pressed button stands for. Enter presses the first button.
function submit(form, button) {
  const data = Object.fromEntries(new FormData(form));
  const action = button?.value ?? ('nameless' in form.dataset ? 'ask' : 'confirm');
  if (lacksName(form, data, action)) return sayWrong({field: 'holder', fault: 'missing'});
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

// Say what is wrong, and go to the field that it is about.
function sayWrong(answer, intro = '') {
  say(`${intro} ${problem(answer)}`.trim());
  markWrong(answer);
  const input = fieldAtFault(answer) ?? byId('clerk_reason');
  const folded = input?.closest('details');
  if (folded) folded.open = true;
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

// Record a visit, and show its ticket.
async function record(visit) {
  try {
    const {ok, answer} = await postJson('/api/visits', visit, {'Idempotency-Key': screen.key});
    if (!ok) return sayWrong(answer, message.dataset.notRecorded);
    say();
    await show(visit.attempt);
    // Before anything else is fetched: by then the next patient may be on screen, and the clerk typing.
    if (screen.shown === visit.attempt) field.focus();
    await showRecent();
  } catch {
    say(message.dataset.noAnswer);
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
