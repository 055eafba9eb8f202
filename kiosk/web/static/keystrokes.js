// Distinguishes a keyboard-type reader from a person by the time between keys, whatever has the focus.
// A pure module: the caller passes keys and their times in milliseconds.

export const FAST_MS = 50;   // between two keys of a reader; a person needs longer
export const MIN_FAST_KEYS = 7;  // in a row, after which it is a reader
const QUICK_MS = 100;        // between two keys of a slow reader, which may also be a quick person
const MAX_QUICK_KEYS = 8;    // in a row; with more it may be a reader
const MIN_HASTY_KEYS = 3;    // fast ones in a row up to an Enter: a short label, and not a person
export const QUIET_MS = 150; // of silence, after which a scan has ended …
export const DONE_MS = 80;   // … or after which it has ended if it looks complete

// What each key writes on a US keyboard, by its position. It is used if the layout is another one.
const PLACES = {
  Minus: '-_', Equal: '=+', BracketLeft: '[{', BracketRight: ']}', Backslash: '\\|', Semicolon: ';:',
  Quote: '\'"', Backquote: '`~', Comma: ',<', Period: '.>', Slash: '/?', Space: '  ',
};
const LINE_ENDS = new Set(['Enter', 'Tab']);
const SHIFTED_DIGITS = ')!@#$%^&*(';

// Return what a key writes on a US keyboard; undefined if it writes nothing there.
export function byPlace({code, shift}) {
  if (/^Key[A-Z]$/.test(code)) return shift ? code[3] : code[3].toLowerCase();
  if (/^Digit\d$/.test(code)) return shift ? SHIFTED_DIGITS[code[5]] : code[5];
  if (/^Numpad\d$/.test(code)) return code[6];
  return PLACES[code]?.[shift ? 1 : 0];
}

export class Keystrokes {
  #keys = [];
  #last = -Infinity;
  #fast = 0;       // number of fast keys in a row
  #isReader = false;
  #done = [];      // scans that have ended and were not taken yet
  #quick = 0;      // number of quick keys in a row

  // Return whether the last keys were so quick that a reader may have typed them: a slow one, or one
  // that read a short label. An Enter after them must not confirm a visit.
  get hasty() { return this.#quick > MAX_QUICK_KEYS || this.#fast >= MIN_HASTY_KEYS; }

  // Return whether there is a scan to take, or one that has not ended yet.
  get waiting() { return this.#isReader || this.#done.length > 0; }

  // Add one key that went down: {key, code, shift, undo}. Return whether a reader typed it.
  // When the reader is recognised, the effect of its first keys is undone.
  press(key, time) {
    const gap = time - this.#last;
    this.#last = time;
    if (gap > QUIET_MS) {
      if (this.#isReader) this.#done.push(this.#text());  // it was not taken in time
      this.#forget();
    }
    this.#measure(key, gap);
    this.#keys.push({...key, gap});
    if (!this.#isReader && this.#fast >= MIN_FAST_KEYS) {
      this.#isReader = true;
      this.#keys.splice(0, this.#start());
      // Letter by letter: the reader's own Tab may have moved the focus between them.
      for (const {key: written, undo} of this.#keys.toReversed()) if (!LINE_ENDS.has(written)) undo?.();
    }
    return this.#isReader;
  }

  // Count fast and quick keys.
  #measure({key}, gap) {
    if (key !== 'Enter') this.#quick = gap < QUICK_MS ? this.#quick + 1 : 0;
    else if (gap > 2 * QUIET_MS) this.#quick = 0;  // an Enter after a pause is a person's
    // An input method deletes a syllable and writes it again at once: that does not mean a reader.
    this.#fast = gap <= FAST_MS && key !== 'Backspace' ? this.#fast + 1 : 0;
  }

  // Return the index of the reader's first key. A person may have typed just before. A reader may also
  // pause: fast keys before the pause are the reader's; a single key is a person's, and so is an Enter.
  #start() {
    let start = this.#keys.length - 1 - this.#fast;
    for (let at = start - 1; at > 0 && this.#isFastLetter(at); at -= 1) start = at - 1;
    return start;
  }

  // Return whether the key at an index is a letter that came fast.
  #isFastLetter(at) {
    const {key, gap} = this.#keys[at];
    return gap <= FAST_MS && !LINE_ENDS.has(key);
  }

  // Return what a reader has typed once it is silent; null before that, or if a person typed.
  taken(time) {
    if (this.#done.length > 0) return this.#done.shift();
    if (!this.#isReader) return null;
    const text = this.#text();
    const ended = /[$#]$/.test(text) || LINE_ENDS.has(this.#keys.at(-1).key);
    if (time - this.#last < (ended ? DONE_MS : QUIET_MS)) return null;
    this.#forget();
    return text;
  }

  // Forget all keys.
  #forget() {
    this.#keys = [];
    this.#fast = 0;
    this.#isReader = false;
  }

  // Return what was typed. An Enter or Tab in the middle is a line end: the program decides whether it
  // is within a card or between two scans. A Backspace comes from an input method and deletes a letter.
  #text() {
    const foreign = this.#keys.some(({key}) => [...key].length === 1 && key.codePointAt(0) > 126);
    const placed = this.#keys.map(byPlace);
    const usePlaces = foreign && this.#keys.every(({key}, at) => placed[at] || [...key].length > 1);
    const letters = [];
    this.#keys.forEach(({key}, at) => {
      if (key === 'Backspace') letters.pop();
      else if (LINE_ENDS.has(key)) letters.push('\n');
      else if (usePlaces || key === 'Process' || key === 'Unidentified') letters.push(placed[at] ?? '');
      else if ([...key].length === 1) letters.push(key);
    });
    return letters.join('').replace(/^\n+|\n+$/g, '');
  }
}
