// Recognises a keyboard-type reader whatever has the focus. What it typed before that is removed from
// the field again, and its Enter and Tab have no effect on the page.
import {BROWSER} from './browser.js';
import {DONE_MS, Keystrokes} from './keystrokes.js';

export const KEYBOARD = `keyboard-${BROWSER}`;  // the name of the reader
const CONTROL_KEYS = new Set(['Enter', 'Tab', 'Backspace', 'Process', 'Unidentified']);

const strokes = new Keystrokes();
let timer = null;  // runs while a reader types
let onScan = () => {};
let scanField = null;  // a field in which a reader's Enter does no harm

// Watch the keys of the page, before any other part of it sees them. `take(payload)` gets what a reader
// has typed. A quick Enter in any field but `field` is ignored: a reader may have read a short label.
export function watchKeyboard(take, field = null) {
  onScan = take;
  scanField = field;
  document.addEventListener('keydown', onKey, true);
}

// Handle one key; the key of a reader does not reach any other part of the page.
function onKey(event) {
  if (!isTyped(event)) return;
  const {key, code, shiftKey: shift, timeStamp} = event;
  const undo = snapshot(document.activeElement);
  if (!strokes.press({key, code, shift, undo}, timeStamp)) {
    const isField = scanField !== null && document.activeElement === scanField;
    if (key === 'Enter' && strokes.hasty && !isField) event.preventDefault();
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  timer ??= setInterval(takeScan, DONE_MS / 4);
}

// Return whether a key writes a character, or is a control key that readers send.
function isTyped(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return false;
  return [...event.key].length === 1 || CONTROL_KEYS.has(event.key);
}

// Hand over what the reader has typed, once it is silent.
function takeScan() {
  const payload = strokes.taken(performance.now());
  if (payload === null) return;
  if (!strokes.waiting) {
    clearInterval(timer);
    timer = null;
  }
  if (payload.trim()) onScan(payload);
}

// Return a function that restores a field, a box or a list as it is now; or null. What reacted to the letters that
// are taken away, such as the help with typing, reacts to that, too.
function snapshot(element) {
  if (!element || !('value' in element)) return null;
  const {value, checked, selectionStart, selectionEnd} = element;
  return () => {
    const isChanged = element.value !== value;
    element.value = value;
    if (checked !== undefined) element.checked = checked;
    if (typeof selectionStart === 'number') element.setSelectionRange(selectionStart, selectionEnd);
    if (isChanged) element.dispatchEvent(new Event('input', {bubbles: true}));
  };
}
