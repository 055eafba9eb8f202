// Tells a reader that types like a keyboard from a person, by time alone, whatever has the focus.
// Pure: keys and their times (milliseconds) are handed in.

export const FAST_MS = 50;   // between two keys of a reader; a person's are further apart
export const SURE = 7;       // fast keys in a row after which it is a reader
const QUICK_MS = 100, HASTY = 8;  // a reader too slow to be known for one: more keys in a row than that
export const QUIET_MS = 150; // of silence, after which a reader has done …
export const DONE_MS = 80;   // … or, where what came looks whole

// What a key writes on an American keyboard, by its place: for a layout that is not one.
const PLACES = {
  Minus: '-_', Equal: '=+', BracketLeft: '[{', BracketRight: ']}', Backslash: '\\|', Semicolon: ';:',
  Quote: '\'"', Backquote: '`~', Comma: ',<', Period: '.>', Slash: '/?', Space: '  ',
};
const SHIFTED_DIGITS = ')!@#$%^&*(';

// What a key writes on an American keyboard; undefined where it writes nothing there.
export function byPlace({code, shift}) {
  if (/^Key[A-Z]$/.test(code)) return shift ? code[3] : code[3].toLowerCase();
  if (/^Digit\d$/.test(code)) return shift ? SHIFTED_DIGITS[code[5]] : code[5];
  if (/^Numpad\d$/.test(code)) return code[6];
  return PLACES[code]?.[shift ? 1 : 0];
}

export class Keystrokes {
  #keys = [];
  #last = -Infinity;
  #fast = 0;       // fast keys in a row, up to now
  #sure = false;
  #done = [];      // what readers have typed that nobody has asked for yet
  #quick = 0;      // keys in a row that few people type so quickly

  // Whether what was just typed was so quick that it may be a slow reader's: its Enter is not to
  // confirm anybody.
  get hasty() { return this.#quick > HASTY; }

  // Whether there is or will be something to take.
  get waiting() { return this.#sure || this.#done.length > 0; }

  // One key that went down: {key, code, shift, undo}. Returns whether it is a reader's.
  // When that becomes sure, what its first keys did is undone.
  press(key, time) {
    const gap = time - this.#last;
    this.#last = time;
    if (gap > QUIET_MS) {
      if (this.#sure) this.#done.push(this.#text());  // nobody asked for it in time
      this.#forget();
    }
    this.#measure(key, gap);
    this.#keys.push({...key, gap});
    if (!this.#sure && this.#fast >= SURE) {
      this.#sure = true;
      this.#keys.splice(0, this.#start());
      this.#keys[0].undo?.();
    }
    return this.#sure;
  }

  // Count fast and quick keys.
  #measure({key}, gap) {
    if (key !== 'Enter') this.#quick = gap < QUICK_MS ? this.#quick + 1 : 0;
    else if (gap > 2 * QUIET_MS) this.#quick = 0;  // the Enter of a person, who has thought about it
    // An input method takes a syllable back and writes it again, all at once: no sign of a reader.
    this.#fast = gap <= FAST_MS && key !== 'Backspace' ? this.#fast + 1 : 0;
  }

  // Where the reader began: a person may have typed just before. A reader may stutter, too: fast
  // keys in a row are its own; one key alone is a person's.
  #start() {
    let start = this.#keys.length - 1 - this.#fast;
    for (let at = start - 1; at > 0 && this.#keys[at].gap <= FAST_MS; at -= 1) start = at - 1;
    return start;
  }

  // What a reader has typed, once it is silent; null until then, and where it was a person.
  taken(time) {
    if (this.#done.length > 0) return this.#done.shift();
    if (!this.#sure) return null;
    const text = this.#text();
    const ended = /[$#]$/.test(text) || ['Enter', 'Tab'].includes(this.#keys.at(-1).key);
    if (time - this.#last < (ended ? DONE_MS : QUIET_MS)) return null;
    this.#forget();
    return text;
  }

  // Forget the keys.
  #forget() {
    this.#keys = [];
    this.#fast = 0;
    this.#sure = false;
  }

  // What was typed. An Enter in the middle is no part of a card; an input method takes letters back.
  #text() {
    const foreign = this.#keys.some(({key}) => [...key].length === 1 && key.codePointAt(0) > 126);
    const placed = this.#keys.map(byPlace);
    const usePlaces = foreign && this.#keys.every(({key}, at) => placed[at] || [...key].length > 1);
    const letters = [];
    this.#keys.forEach(({key}, at) => {
      if (key === 'Backspace') letters.pop();
      else if (usePlaces || key === 'Process' || key === 'Unidentified') letters.push(placed[at] ?? '');
      else if ([...key].length === 1) letters.push(key);
    });
    return letters.join('');
  }
}
