// The test card of the assistant, which a keyboard-type reader may read anywhere: it is no patient.
const MARK = 'TIEPDON-TEST|';  // as in kiosk/setup/test_card.py

// Return whether a reader has read the test card.
export function isTestCard(payload) {
  return payload.slice(0, 200).includes(MARK);
}
