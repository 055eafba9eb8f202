// The form beside a verdict: records the visit, or adds the holder to a card without a name.
import {postJson} from '../call.js';
import {byId, field, isoDate, message, place, problem, say, screen} from './page.js';
import {show, showRecent} from './verdict.js';

const WITHOUT_CARD = ['uninsured', 'emergency'];

// React to the form and its buttons.
export function watchConfirmation() {
  place.addEventListener('submit', (event) => {
    if (event.target.id !== 'confirm') return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });
  place.addEventListener('click', ({target}) => {
    if ('take' in target.dataset) addHolder(target.dataset);
  });
}

// Return the first field for name or birth that is still empty, if there is one.
export function firstEmpty(form) {
  return [...form.querySelectorAll('#holder, #born')].find((input) => !input.value.trim());
}

// Do what the pressed button stands for. Enter presses the first button.
function submit(form, button) {
  const data = Object.fromEntries(new FormData(form));
  if (data.born) data.born = isoDate(data.born);
  const action = button?.value ?? ('nameless' in form.dataset ? 'ask' : 'confirm');
  if (action !== 'ask') return record(visitOf(data, action));
  const empty = firstEmpty(form);
  return empty ? empty.focus() : addHolder(data);
}

// Return the visit to record, from the fields of the form.
function visitOf(data, action) {
  if (WITHOUT_CARD.includes(action)) {
    data.arrival = action;
    delete data.papers;
  }
  const {signed, year, referral_facility: facility, referral_number: number} = data;
  if (data.arrival === 'referral' && (signed || facility || number)) {
    data.referral = {
      signed_on: signed && isoDate(signed), facility: facility.toUpperCase(), number, for_a_year: Boolean(year),
    };
  }
  return {attempt: screen.shown, ...Object.fromEntries(Object.entries(data).filter(([, value]) => value))};
}

// Record a visit, and show its ticket.
async function record(visit) {
  try {
    const {ok, answer} = await postJson('/api/visits', visit, {'Idempotency-Key': screen.key});
    if (!ok) {
      byId('clerk_reason')?.focus();
      return say(`${message.dataset.notRecorded} ${problem(answer)}`);
    }
    await show(visit.attempt);
    // Before anything else is fetched: by then the next patient may be on screen, and the clerk typing.
    if (screen.shown === visit.attempt) field.focus();
    await showRecent();
  } catch {
    say(message.dataset.noAnswer);
  }
}

// Add to a bare number the name and birth date of its holder, which the clerk typed or the ID card just
// read holds. The program judges the number again and asks the insurer.
async function addHolder({holder, born}) {
  try {
    const {ok, answer} = await postJson(`/api/scans/${screen.shown}/holder`, {holder, born});
    if (!ok) return say(problem(answer));
    await show(screen.shown);
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}
