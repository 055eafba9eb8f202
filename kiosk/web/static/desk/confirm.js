// The form beside a verdict: records the visit, or adds the holder to a card without a name.
import {postJson} from '../call.js';
import {isOfCase, nextOf, openSheet, visitOfCase} from './forms.js';
import {chosenService, isKnownRoom} from './room.js';
import {byId, current, fieldAtFault, faultText, field, message, place, problem, say, screen, showLamp, showSilent, showState} from './screen.js';
import {markField, newKey, show, showAgain, showRecent, typedSoFar} from './verdict.js';

const NOT_INSURED = ['uninsured', 'emergency'];
const INSURED = ['confirm', 'word'];  // the buttons that record a visit for the insurer
// The field that decides a problem which names none.
const FIELDS_OF_PROBLEMS = {
  already_here: 'repeat_reason', reason_wanted: 'clerk_reason', patient_known: 'holder', nothing_to_confirm: 'holder',
  no_temporary_code: 'temporary_code', approval_needed: 'approver_pin', too_many: 'approver_pin',
};
const MASK = '•';  // of a number that the program filled in; it knows the whole one
const NO_ROOM = 'no_room';  // the fault of a room that is not open, or not in the list
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
    if (button && !screen.recording) take(button.dataset);
  });
  place.addEventListener('keydown', (event) => {
    const {key, ctrlKey, target} = event;
    if (key !== 'Enter' || !target.matches('#confirm input, #confirm select')) return;
    event.preventDefault();
    if (ctrlKey) recorderOf(target)?.click();
    else nextOf(target)?.focus();
  });
}

// Return the button that sends the form from a field: that of its part of the form, or the first button.
function recorderOf(input) {
  const ofPart = (part) => input.closest(part)?.querySelector('button[type=submit]');
  return ofPart('.field') ?? ofPart('dialog') ?? current()?.querySelector('[data-primary][type=submit]');
}

// Return the first field for name or birth that is still empty, if there is one.
export function firstEmpty(form) {
  return [...form.querySelectorAll('#holder, #born')].find((input) => !input.value.trim());
}

// Do what the pressed button stands for. Enter in a field never records: only a button does.
function submit(form, button) {
  if (screen.recording || place.inert || !button) return;
  const data = Object.fromEntries([...new FormData(form)].filter(([name]) => isOfCase(form, name)));
  const action = button.value;
  if (lacksName(form, data, action)) return sayWrong({field: 'holder', fault: 'missing'});
  const missing = missingOf(data, action);
  if (missing) return sayWrong({field: missing, fault: 'missing'});
  if (action !== 'ask' && !isKnownRoom()) return sayWrong({field: 'room', fault: NO_ROOM});
  if (action !== 'ask') return record(visitOf(data, action));
  const empty = firstEmpty(form);
  return empty ? empty.focus() : addHolder(data);
}

// Return whether the insurer would be sent a visit without a name: the one in the code is garbled, and the
// clerk has typed none.
function lacksName(form, {holder, arrival}, action) {
  const isInsured = INSURED.includes(action) && !NOT_INSURED.includes(arrival);
  return isInsured && 'garbled' in form.dataset && !holder.trim();
}

// Return the field that is still empty although a patient is admitted against the program's advice: the reason, or
// who approves it.
function missingOf(data, action) {
  if (action !== 'word') return undefined;
  if (byId('clerk_reason') !== null && !reasonOf(data)) return 'clerk_reason';
  return ['approver', 'approver_pin'].find((id) => byId(id)?.value === '');
}

// Return the reason for admitting the patient anyway: the usual one that was chosen, and what was written.
function reasonOf({stock_reason: usual = '', clerk_reason: written = ''}) {
  return [usual, written.trim()].filter(Boolean).join('; ');
}

// Say what is wrong, and go to the field that it is about.
function sayWrong(answer, intro = '') {
  say(`${intro} ${problem(answer)}`.trim());
  markWrong(answer);
  const input = fieldAtFault(answer) ?? byId(FIELDS_OF_PROBLEMS[answer.title]);
  if (!input?.closest('dialog')) byId('reason-sheet')?.close();
  if (!input) return field.focus();
  reveal(input);
  input.focus();
  input.scrollIntoView({block: 'nearest'});  // the texts have moved it down
}

// Open the part of the form or the dialog in which a field is.
function reveal(input) {
  const [fold, sheet, part] = [input.closest('details'), input.closest('dialog'), input.closest('.field')];
  if (fold) fold.open = true;
  if (input.id === 'repeat_reason') part.hidden = false;
  if (sheet) openSheet(sheet);
}

// Say at a field what is wrong with it: the message above the verdict may be out of sight on a phone.
function markWrong(answer) {
  place.querySelectorAll('.field .message').forEach((mark) => mark.remove());
  const [input, text] = [fieldAtFault(answer), faultText(answer)];
  if (input && text) markField(input, text);
}

// Return the visit to record, from the fields of the form.
function visitOf(data, action) {
  if (action === 'case') visitOfCase(data);
  if (NOT_INSURED.includes(action)) {
    data.arrival = action;
    delete data.papers;
  }
  if (data.secret) data.secret = true;
  if (data.arrival === 'emergency' && !data.priority) data.priority = 'emergency';
  data.service = chosenService();
  if ('clerk_reason' in data) data.clerk_reason = reasonOf(data);
  delete data.stock_reason;
  if (action === 'word' && byId('approver')) {
    [data.approver, data.approver_pin] = [byId('approver').value, byId('approver_pin').value];
    byId('approver_pin').value = '';
  }
  addReferral(data);
  addPerson(data);
  // The room is one of the list: the program refuses it if it was closed meanwhile.
  return {attempt: screen.shown, room_listed: true, ...Object.fromEntries(Object.entries(data).filter(([, value]) => value))};
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
  if (name || relation || number || phone) data.guardian = {name, relation, number, phone, number_of: readingOf(number)};
  const {document_kind: kind, document_number: document} = data;
  if (kind || document) data.numbers = [{kind, number: document}];
}

// Return the reading from which the program knows a number that is masked; undefined for a whole one.
function readingOf(number) {
  return number?.includes(MASK) ? Number(byId('guardian_number').dataset.from) : undefined;
}

// Record a visit, and show its ticket. A second press does nothing while the first is on its way. If the
// answer does not come, the page says that it is not known until it is.
async function record(visit) {
  const [typed, key] = [typedSoFar(), screen.key];
  screen.recording = true;
  delete current()?.dataset.ready;
  showLamp();
  const slow = setTimeout(() => showState('checking'), SLOW_MS);
  const result = await postJson('/api/visits', visit, {'Idempotency-Key': key}).catch(() => null);
  clearTimeout(slow);
  if (result === null || isUncertain(result)) return settle(visit, typed, key);
  screen.recording = false;
  try {
    if (!result.ok) return await refused(visit, typed, result.answer);
    say();
    await showTicket(visit.attempt, result.answer);
  } catch {
    if (screen.requested === visit.attempt && !screen.pending) await settle(visit, typed, key);
  }
}

// Return whether an answer leaves open whether a visit was recorded: the program failed somewhere, and did not say
// that nothing was.
function isUncertain({status, answer: {title}}) { return status >= 500 && title !== 'not_recorded'; }

// Show why a visit was not recorded, with what was typed. If another desk was quicker, the verdict shows the number
// that the patient has, and Enter shows it again.
async function refused(visit, typed, answer) {
  const isOld = answer.title === 'already_here' || answer.fault === NO_ROOM;  // the verdict, or the list of rooms
  const isSecond = byId('repeat_reason') !== null;  // the clerk knew that the patient is here
  if (screen.shown !== visit.attempt || !current() || isOld) await showAgain(visit.attempt, typed);
  else await show(visit.attempt);  // a newer verdict was not shown meanwhile
  const words = `${message.dataset.notRecorded} ${problem(answer)}`;
  // The next patient was scanned: this one is in the list.
  if (screen.shown !== visit.attempt) return say(words);
  if (!isSecond && current()?.dataset.tone === 'here') {
    say(words);
    return field.focus();
  }
  current().dataset.ready = '';
  showLamp();
  sayWrong(answer, message.dataset.notRecorded);
}

// Show the ticket of a recorded visit, and whose turn it is. If its page does not come, the number is shown from the
// answer, and the page as soon as it comes.
async function showTicket(reading, visit) {
  if (!current()) screen.shown = null;  // a state stands in the place of the verdict
  try {
    await show(reading);
  } catch {
    if (screen.requested !== reading || screen.pending) return;  // the next patient was scanned
    showNumber(reading, visit);
  }
  // Before anything else is fetched: by then the next patient may be on screen, and the clerk typing.
  if (screen.shown === reading) field.focus();
  await showRecent().catch(() => {});  // the next status shows them
}

// Show the number of a recorded visit without its page, which is asked for until it comes or the next scan does.
function showNumber(reading, {ticket_label: label, room}) {
  screen.shown = null;  // the verdict is over: nothing of it may be recorded again
  showState('recorded');
  const number = place.querySelector('.ticket-number');
  number.textContent = label;
  number.dataset.length = label.length;
  place.querySelector('.room').textContent = room;
  field.focus();
  showLater(reading, number);
}

// Ask for the page of a visit until it comes, or until its number leaves the screen.
async function showLater(reading, number) {
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    if (!number.isConnected || place.inert) return;
    await show(reading).catch(() => {});
  }
}

// Ask what became of a recording whose answer was lost, until the program says it. If nothing was recorded,
// nothing will be: the program closes the key, and the clerk may record again. The key is that of the recording,
// and the reading is named too: it may have a visit under another key.
async function settle(visit, typed, key) {
  screen.recording = true;
  showState('checking');
  for (;;) {
    try {
      const {ok, answer} = await postJson('/api/visits/outcome', {attempt: visit.attempt}, {'Idempotency-Key': key});
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
    if (recorded) return await showTicket(visit.attempt, recorded);
    await showAgain(visit.attempt, typed);
    if (screen.shown === visit.attempt) screen.key = newKey();
    say(message.dataset.nothingRecorded);
  } catch {
    showSilent();
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
  const reading = screen.shown;
  try {
    const {ok, answer} = await postJson(`/api/scans/${reading}/holder`, {holder, born});
    if (screen.shown !== reading) return;
    if (!ok) return sayWrong(answer);
    say();
    await show(reading);
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}
