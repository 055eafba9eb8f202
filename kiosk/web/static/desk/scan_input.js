// What the clerk enters: a typed number, a picture, no card, or a pretend patient.
import {BROWSER} from '../browser.js';
import {post, postJson} from '../call.js';
import {firstEmpty} from './confirm.js';
import {byId, current, field, message, problem, say, screen} from './page.js';
import {clear, show} from './verdict.js';

const TYPED = `typed-${BROWSER}`;
let kept = '';  // what was typed and not judged

// Wait for the answer to a scan ({ok, answer}), and show its verdict. Returns whether there is one. The option
// `typed` says that a clerk typed it.
export async function showAnswer(call, options) {
  say();
  screen.pending += 1;
  try {
    const {ok, answer} = await call;
    if (!ok) say(problem(answer));
    else if (!answer.attempt) say(byId('advice').getAttribute(`data-${answer.advice}`) ?? message.dataset.noCode);
    else await show(answer.attempt, options);
    if (answer.attempt && field.value === kept) field.value = '';  // another scan came in its place
    return ok && Boolean(answer.attempt);
  } catch {
    say(message.dataset.noAnswer);
    return false;
  } finally {
    screen.pending -= 1;
  }
}

// Judge what was typed. Without a verdict on it, it stays in the field, selected: the next key replaces it.
async function check(payload) {
  const isJudged = await showAnswer(postJson('/api/scans', {payload, reader: TYPED}), {typed: true});
  if (isJudged || field.value) return;
  kept = field.value = payload;
  field.select();
}

// Take what was typed. Enter in the empty field confirms the visit on screen; if the outcome is `desk`,
// the clerk must give a reason first.
function enter() {
  const payload = field.value;
  field.value = '';
  if (payload.trim()) return check(payload);
  if (payload) return;  // blanks alone may come from a reader, and confirm nobody
  const form = byId('confirm');
  // A reader may send two Enters: the second one must not confirm the patient before.
  if (!form || screen.pending || !('ready' in form.dataset)) return;
  if (current().dataset.outcome === 'desk') return (byId('clerk_reason') ?? byId('holder')).focus();
  const empty = firstEmpty(form);
  return empty ? empty.focus() : form.requestSubmit();
}

// Send the chosen picture.
async function sendPicture({target}) {
  const [file] = target.files;
  const headers = {'Content-Type': 'application/octet-stream', 'X-Camera': BROWSER};
  if (file) await showAnswer(post('/api/pictures', file, headers));
  target.value = '';
  field.focus();
}

// React to the fields, buttons and keys that a clerk uses.
export function watchInput() {
  byId('scan').addEventListener('submit', (event) => {
    event.preventDefault();
    enter();
  });
  byId('picture').addEventListener('change', sendPicture);
  byId('no-card').addEventListener('click', () => showAnswer(postJson('/api/scans', {no_card: true, reader: TYPED})));
  for (const button of document.querySelectorAll('button[data-scan]')) {
    button.addEventListener('click', () => { showAnswer(post(button.dataset.scan)); field.focus(); });
  }
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') clear();
    if (event.key === 'Enter' && event.repeat) event.preventDefault();  // the key is held down
  });
}
