// Helps while a number is typed without a reader: what it is going to be, how much is missing, and the one
// character at fault. The program knows the rules (verify/formats/typing_help.py); a slow answer is left out.
import {postJson} from '../call.js';
import {byId, field} from './screen.js';

const AFTER_MS = 120;  // without a key
const line = byId('typing-help');
const words = line.dataset;
let timer = null;
let turn = 0;

// React to what is typed in the scan field.
export function watchTypingHelp() {
  field.addEventListener('input', () => explain());
  field.addEventListener('blur', () => { line.hidden = true; });
  field.addEventListener('focus', () => explain());
}

// Explain what is in the scan field now. Whatever empties the field calls this, too.
export function explain() {
  clearTimeout(timer);
  const mine = ++turn;
  const text = field.value;
  if (!text.trim()) {
    line.hidden = true;
    return;
  }
  timer = setTimeout(async () => {
    const help = await helpWith(text);
    if (mine === turn) show(help);
  }, AFTER_MS);
}

// Hide the help, because a verdict comes on screen and its name must be seen. The next letter brings it back.
export function hideHelp() {
  clearTimeout(timer);
  turn += 1;
  line.hidden = true;
}

// Return the help with a text; null if the program has no help.
async function helpWith(text) {
  try {
    const {ok, answer} = await postJson('/api/numbers/help', {text});
    return ok ? answer.help : null;
  } catch {
    return null;  // typing goes on without help
  }
}

// Put the text that was judged back into the field, with the first character at fault selected.
export async function selectFault(text) {
  const help = await helpWith(text);
  if (field.value !== text) return;
  show(help);
  if (help?.faults.length) field.setSelectionRange(help.faults[0].at, help.faults[0].at + 1);
  else if (help?.zero_lost) field.setSelectionRange(0, 0);
  else field.setSelectionRange(text.length, text.length);
}

// Show the help, or nothing.
function show(help) {
  line.hidden = help === null;
  if (help === null) return;
  const kind = document.createElement('b');
  kind.textContent = kindOf(help);
  line.replaceChildren(kind, digits(help), state(help));
}

// Return in words what the number is going to be.
function kindOf({kind, length, expected}) {
  if (kind === 'card_number') return fill(words.card_number, {n: expected});
  return kind === 'insurance_number' && length < expected ? words.either : words[kind];
}

// Return the number in groups, with the characters at fault marked.
function digits({groups, faults}) {
  const places = new Set(faults.map(({place}) => place));
  const part = document.createElement('span');
  part.className = 'typed-number';
  let place = 0;
  for (const group of groups) {
    const block = document.createElement('span');
    for (const letter of group) {
      place += 1;
      const single = document.createElement(places.has(place) ? 'mark' : 'span');
      single.textContent = letter;
      block.append(single);
    }
    part.append(block);
  }
  return part;
}

// Return what is wrong, what is missing, or that the number is whole.
function state(help) {
  const part = document.createElement('span');
  const {faults: [first], missing, zero_lost: isZeroLost, is_whole: isWhole, kind, length} = help;
  const texts = [];
  if (first) texts.push(fill(words[first.fault], first));
  if (isZeroLost) texts.push(words.zero);
  else if (missing > 0 && kind === 'insurance_number') texts.push(fill(words.missingEither, {n: missing, m: 12 - length}));
  else if (missing > 0) texts.push(fill(words.missing, {n: missing}));
  else if (missing < 0) texts.push(fill(words.over, {n: -missing}));
  else if (isWhole) texts.push(words.whole);
  part.textContent = texts.join(' · ');
  part.className = isWhole && !first ? 'whole' : '';
  return part;
}

// Fill the values into a text.
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (found, name) => values[name] ?? found);
}
