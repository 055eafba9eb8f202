// Recognises a keyboard-type reader whatever has the focus. What it typed before that is removed from
// the field again, and its Enter and Tab have no effect on the page.
import {BROWSER} from '../browser.js';
import {postJson} from '../call.js';
import {DONE_MS, Keystrokes} from '../keystrokes.js';
import {field} from './page.js';
import {showAnswer} from './scan_input.js';

const KEYBOARD = `keyboard-${BROWSER}`;
const CONTROL_KEYS = new Set(['Enter', 'Tab', 'Backspace', 'Process', 'Unidentified']);

const strokes = new Keystrokes();
let timer = null;  // runs while a reader types

// Watch the keys of the page, before any other part of it sees them.
export function watchKeyboard() { document.addEventListener('keydown', onKey, true); }

// Handle one key; the key of a reader does not reach any other part of the page.
function onKey(event) {
  if (!isTyped(event)) return;
  const {key, code, shiftKey: shift, timeStamp} = event;
  const undo = snapshot(document.activeElement);
  if (!strokes.press({key, code, shift, undo}, timeStamp)) {
    if (key === 'Enter' && strokes.hasty && document.activeElement !== field) event.preventDefault();
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

// Send what the reader has typed, once it is silent.
function takeScan() {
  const payload = strokes.taken(performance.now());
  if (payload === null) return;
  if (!strokes.waiting) {
    clearInterval(timer);
    timer = null;
  }
  if (payload.trim()) showAnswer(postJson('/api/scans', {payload, reader: KEYBOARD}));
}

// Return a function that restores a field as it is now; null if there is no field.
function snapshot(element) {
  if (!element || !('value' in element) || !('selectionStart' in element)) return null;
  const {value, selectionStart, selectionEnd} = element;
  return () => {
    element.value = value;
    if (selectionStart !== null) element.setSelectionRange(selectionStart, selectionEnd);
  };
}
