// The fixed parts of the desk's page, its message line, and what is on its screen now.

// Return an element of the page by its id.
export const byId = (id) => document.getElementById(id);

export const field = byId('payload');
export const place = byId('verdict');
export const message = byId('message');

// A reading is a scan with all verdicts on it. `requested` is the newest reading that is or will be on
// screen, and `before` the one before it; `shown` is on screen now.
export const screen = {
  requested: null,
  before: null,
  shown: null,
  html: '',    // of the verdict that is shown, as the program sent it
  key: null,   // the idempotency key of the visit on screen, the same for all attempts to record it
  pending: 0,  // scans whose verdict has not come yet
};

// Show a message, or clear it.
export function say(text) { message.textContent = text ?? ''; }

// The fields of the page whose ids are not the names by which the program knows them.
const IDS = {
  'referral.signed_on': 'signed',
  'referral.facility': 'referral_facility',
  'referral.number': 'referral_number',
  'referral.form': 'referral_form',
  'appointment.number': 'appointment_number',
  'appointment.facility': 'appointment_facility',
  'guardian.name': 'guardian_name',
  'guardian.number': 'guardian_number',
  'guardian.phone': 'guardian_phone',
  'numbers.kind': 'document_kind',
  'numbers.number': 'document_number',
};

// Return the field that a problem is about, if it is on the page.
export function fieldAtFault({field: name}) {
  return name ? byId(IDS[name] ?? name) : null;
}

// Return in words what is wrong with the field of a problem, if it is about one.
export function faultText({fault}) { return fault ? message.getAttribute(`data-fault-${fault}`) : null; }

// Return the text for a problem in an answer of the program. What is wrong with a field begins with its name.
export function problem(answer) {
  const wrong = faultText(answer);
  const label = fieldAtFault(answer)?.labels?.[0];
  if (wrong) return label ? `${label.textContent}: ${wrong}` : wrong;
  return message.getAttribute(`data-problem-${answer.title}`) ?? answer.detail;
}

// Return the verdict on screen, if there is one.
export function current() { return place.querySelector('.verdict'); }
