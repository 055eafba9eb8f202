// On every page but the desk: notices that the program is away, and hears keyboard-type readers. A patient
// whose card is read here waits at the desk, among those who are not recorded.
import {takeBadge} from './badge.js';
import {postJson} from './call.js';
import {forgetOld} from './kept.js';
import {KEYBOARD, watchKeyboard} from './keyboard_reader.js';
import {watchProgram} from './program.js';
import {isTestCard} from './test_card.js';

const NOTICE_MS = 15_000;
const notice = document.getElementById('elsewhere');
let timer = null;

// Send what was read, and say what became of it.
async function send(payload) {
  if (takeBadge(payload)) return;
  if (isTestCard(payload)) {
    say(notice.dataset.test);
    return;
  }
  try {
    const {ok} = await postJson('/api/scans', {payload, reader: KEYBOARD});
    say(ok ? notice.dataset.listed : notice.dataset.lost);
  } catch {
    say(notice.dataset.lost);
  }
}

// Show a notice for some seconds.
function say(words) {
  notice.textContent = words;
  notice.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { notice.hidden = true; }, NOTICE_MS);
}

watchKeyboard(send);
watchProgram();
forgetOld();
