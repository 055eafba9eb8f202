// The form beside a verdict: records the visit, or completes a card that names nobody.
import {postJson} from '../call.js';
import {byId, field, isoDate, message, place, problem, say, screen} from './page.js';
import {show, showRecent} from './verdict.js';

const WITHOUT_CARD = ['uninsured', 'emergency'];

// Answer the form and its buttons.
export function watchConfirmation() {
  place.addEventListener('submit', (event) => {
    if (event.target.id !== 'confirm') return;
    event.preventDefault();
    submit(event.target, event.submitter);
  });
  place.addEventListener('click', ({target}) => {
    if ('take' in target.dataset) complete(target.dataset);
  });
}

// Return the first field for name or birth that is still empty, if there is one.
export function firstEmpty(form) {
  return [...form.querySelectorAll('#holder, #born')].find((input) => !input.value.trim());
}

// Do what the pressed button stands for; Enter presses the first one.
function submit(form, button) {
  const data = Object.fromEntries(new FormData(form));
  if (data.born) data.born = isoDate(data.born);
  const action = button?.value ?? ('nameless' in form.dataset ? 'ask' : 'confirm');
  if (action !== 'ask') return record(visitOf(data, action));
  const empty = firstEmpty(form);
  return empty ? empty.focus() : complete(data);
}

// Return the visit to record, from what is in the form.
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
    await show(screen.shown);
    await showRecent();
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}

// Give a bare number its holder's name and birth, typed or of the ID card just read. It is judged
// again, and the insurer is asked.
async function complete({holder, born}) {
  try {
    const {ok, answer} = await postJson(`/api/scans/${screen.shown}/holder`, {holder, born});
    if (!ok) return say(problem(answer));
    await show(screen.shown);
    field.focus();
  } catch {
    say(message.dataset.noAnswer);
  }
}
