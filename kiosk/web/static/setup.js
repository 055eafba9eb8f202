// The assistant's pages that wait for something: the next start, a test scan, a first update.
import {KEYBOARD, watchKeyboard} from './keyboard_reader.js';

const POLL_MS = 700;
const TOO_LONG_MS = 60_000;
const restarting = document.getElementById('restarting');
const waiting = document.getElementById('waiting');

// Return what the program says, or null while it is away.
async function stateAt(address) {
  try {
    const answer = await fetch(address, {headers: {Accept: 'application/json'}, cache: 'no-store'});
    return answer.ok ? await answer.json() : {started: String(answer.status)};
  } catch {
    return null;
  }
}

// Go back once another run of the program answers.
async function awaitStart({started, state, back}) {
  const found = await stateAt(state);
  if (found && found.started !== started) {
    location.replace(back);
  } else {
    setTimeout(() => awaitStart({started, state, back}), POLL_MS);
  }
}

// Load the page again when something has come; what was typed into a field is not thrown away.
async function awaitNews(seen) {
  const found = await stateAt(waiting.dataset.state);
  const isNew = found && (String(found.readings) !== seen.readings || found.feed !== seen.feed);
  const field = document.activeElement;
  const isTyping = field && field.matches('input, textarea') && field.value;
  if (isNew && !isTyping) {
    location.replace(location.pathname);
  } else {
    setTimeout(() => awaitNews(seen), POLL_MS);
  }
}

if (restarting) {
  awaitStart(restarting.dataset);
  setTimeout(() => { document.getElementById('too-long').hidden = false; }, TOO_LONG_MS);
}
if (waiting) awaitNews({...waiting.dataset});
const typed = document.getElementById('typed');
if (typed) {
  watchKeyboard((payload) => {
    typed.value = payload;
    typed.form.requestSubmit();
  });
  typed.dataset.reader = KEYBOARD;
}
