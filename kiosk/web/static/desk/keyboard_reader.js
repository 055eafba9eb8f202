// A reader that types like a keyboard is noticed whatever has the focus: what it typed before it was
// recognised is taken out of the field again, and its Enter and Tab go nowhere.
import {BROWSER} from '../browser.js';
import {postJson} from '../call.js';
import {DONE_MS, Keystrokes} from '../keystrokes.js';
import {field} from './page.js';
import {showAnswer} from './scan_input.js';

const KEYBOARD = `keyboard-${BROWSER}`;
const CONTROL_KEYS = new Set(['Enter', 'Tab', 'Backspace', 'Process', 'Unidentified']);

const strokes = new Keystrokes();
let timer = null;  // runs while a reader types

// Start to watch the keys of the page, before anything else on it sees them.
export function watchKeyboard() { document.addEventListener('keydown', onKey, true); }

// Look at one key; it goes nowhere else if it is a reader's.
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

// Return whether a key writes something or is one that readers send.
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

// Return a function that puts a field back as it is now; null if there is no field.
function snapshot(element) {
  if (!element || !('value' in element) || !('selectionStart' in element)) return null;
  const {value, selectionStart, selectionEnd} = element;
  return () => {
    element.value = value;
    if (selectionStart !== null) element.setSelectionRange(selectionStart, selectionEnd);
  };
}
