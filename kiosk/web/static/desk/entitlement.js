// What the patient is entitled to for each way of arrival, and what the patient has paid this year.
import {LONG_MS, fragment, postJson} from '../call.js';
import {byId, field, keepUnfolded, message, place, problem, say, screen} from './screen.js';
import {pressEnded} from './press.js';

const CHOICES = ['arrival', 'signed', 'year'];  // fields that decide what is paid

let turn = 0;  // number of the last request; answers to earlier ones are not shown

// Fetch and show the entitlement for what is chosen in the form.
export async function refreshEntitlement(form) {
  const mine = ++turn;
  const data = new FormData(form);
  const isReferral = data.get('arrival') === 'referral';
  const referral = form.querySelector('[data-referral]');
  if (referral) referral.hidden = !isReferral;
  const appointment = form.querySelector('[data-appointment]');
  if (appointment) appointment.hidden = data.get('arrival') !== 'reappointment';
  if (!byId('entitlement')) return;
  const reading = screen.shown;
  try {
    const html = await fragment(`/desk/attempts/${reading}/entitlement?${queryOf(data, isReferral)}`);
    await pressEnded();
    const isCurrent = mine === turn && reading === screen.shown && byId('confirm') === form;
    if (!isCurrent) return;
    const part = byId('entitlement');
    keepUnfolded(part, () => { part.innerHTML = html; });
  } catch {
    say(message.dataset.noAnswer);
  }
}

// Return the query that says how the patient came.
function queryOf(data, isReferral) {
  const query = new URLSearchParams({arrival: data.get('arrival')});
  if (isReferral && data.get('signed')) query.set('signed', data.get('signed'));
  if (isReferral && data.get('year')) query.set('year', '1');
  return query;
}

// Ask the insurer what was paid this year. It may take a minute, so only a person starts it.
async function askCopayments(button) {
  const [reading, form] = [screen.shown, byId('confirm')];
  button.disabled = true;
  field.focus();  // a button that is off takes no keys
  button.textContent += ' …';
  try {
    const {ok, answer} = await postJson(`/desk/attempts/${reading}/copayments`, {}, {}, LONG_MS);
    if (!ok) {
      button.disabled = false;
      return say(problem(answer));
    }
    if (reading === screen.shown && form) await refreshEntitlement(form);
  } catch {
    button.disabled = false;
    say(message.dataset.noAnswer);
  }
}

// React to what is chosen and clicked beside a verdict.
export function watchEntitlement() {
  place.addEventListener('change', ({target}) => {
    if (target.form?.id === 'confirm' && CHOICES.includes(target.name)) refreshEntitlement(target.form);
  });
  place.addEventListener('click', ({target}) => {
    if ('copayments' in target.dataset) askCopayments(target);
  });
}
