// Keeps what a clerk has typed for a patient who went to the list, until the patient is on screen again. It is in the
// memory of this page alone: another page, a reload and a closed tab forget it.
const forms = new Map();  // by reading

// Keep what was typed for a reading.
export function keepForm(reading, typed) { forms.set(reading, typed); }

// Return what was typed for a reading, and keep it no longer; null if nothing was.
export function keptForm(reading) {
  const typed = forms.get(reading) ?? null;
  forms.delete(reading);
  return typed;
}
