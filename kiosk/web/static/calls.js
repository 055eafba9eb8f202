// The waiting room's display: shows each call for five seconds at least, speaks it twice in Vietnamese, and says
// calmly that it is interrupted when the program does not answer. It has no action but to allow sound.
const EVERY_MS = 1000;
const LIMIT_MS = 2500;    // of one question
const AWAY_MS = 5000;     // without an answer, after which the display is interrupted
const HOLD_MS = 5000;     // for which a call stays at least
const SPEECH_MS = 15_000; // for which a call waits for its speech at most
const NOTICE_MS = 12_000;
const TIMES = 2;          // that a call is spoken
const LISTED = 5;
const CLOCK = {hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Ho_Chi_Minh'};

const byId = (id) => document.getElementById(id);
const display = byId('display');
const synthesis = globalThis.speechSynthesis;
let calls = JSON.parse(display.dataset.calls);      // as the program has them, the newest first
let notices = JSON.parse(display.dataset.notices);
let onScreen = null;      // the call in large digits
let shownAt = -Infinity;  // when it came there
let speaking = false;
let answeredAt = 'away' in display.dataset ? -Infinity : performance.now();
let place = 0;            // of the notice that is shown
const known = new Set(calls.map(({id}) => id));     // calls that the display has seen, or that came before it
const spoken = new Set(known);  // calls that were spoken, or came before the display
const coming = [];        // calls that wait for their five seconds, the oldest first

// Ask for the calls again and again.
async function follow() {
  try {
    const path = `/display/calls.json${location.search}`;
    const response = await fetch(path, {signal: AbortSignal.timeout(LIMIT_MS), cache: 'no-store'});
    if (!response.ok) throw new Error(`${response.status}`);
    const answer = await response.json();
    [calls, notices] = [answer.calls, answer.notices];
    answeredAt = performance.now();
    for (const call of [...calls].reverse()) {
      if (known.has(call.id)) continue;
      known.add(call.id);
      if (isOpen(call)) coming.push(call);
    }
  } catch {
    // Shown by `draw` if it lasts.
  }
  draw();
  setTimeout(follow, EVERY_MS);
}

// Return whether a call still waits for its patient.
function isOpen({state}) { return state !== 'before'; }

// Draw what is true now.
function draw() {
  const isAway = performance.now() - answeredAt >= AWAY_MS;
  if (isAway) forget();
  else if (!isHeld()) change(nextCall());
  display.classList.toggle('away', isAway);
  byId('away').hidden = !isAway;
  byId('called').hidden = isAway || onScreen === null;
  byId('nobody').hidden = isAway || onScreen !== null;
  drawList();
  byId('clock').textContent = new Date().toLocaleTimeString('vi', CLOCK);
}

// Return whether the call on screen stays there: for its five seconds, and while it is spoken.
function isHeld() {
  const since = performance.now() - shownAt;
  return since < HOLD_MS || (speaking && since < SPEECH_MS);
}

// Take the call off the screen, because nobody knows whether it still counts.
function forget() {
  onScreen = null;
  shownAt = -Infinity;
  synthesis?.cancel();
  speaking = false;
}

// Put another call on screen, unless it is there already.
function change(call) { if (call?.id !== onScreen?.id) put(call); }

// Return the call to show: the oldest that was not shown yet, else the newest whose patient has not come.
function nextCall() {
  while (coming.length) {
    const call = coming.shift();
    const current = calls.find(({id}) => id === call.id);
    if (current && isOpen(current)) return current;
  }
  return calls.find(isOpen) ?? null;
}

// Put a call in large digits on screen, and speak it if that was not done yet.
function put(call) {
  onScreen = call;
  byId('now').classList.remove('new');
  if (call === null) return;
  const heading = document.querySelector('#called h1');
  heading.textContent = heading.dataset[call.state];
  const label = byId('label');
  label.textContent = call.label;
  label.dataset.length = Math.max(3, call.label.length);
  byId('room').textContent = call.room;
  byId('place').textContent = [call.place, call.initials].filter(Boolean).join(' · ');
  byId('room').parentElement.classList.toggle('long', call.room.length > 16);
  if (spoken.has(call.id)) return;
  spoken.add(call.id);
  shownAt = performance.now();
  void byId('now').offsetWidth;  // so that the animation begins again
  byId('now').classList.add('new');
  speak(call);
}
// Draw the calls before the one on screen. Those that are still to come are not among them.
function drawList() {
  const waiting = new Set(coming.map(({id}) => id));
  const before = calls.filter(({id}) => id !== onScreen?.id && !waiting.has(id)).slice(0, LISTED);
  const rows = before.map(({label, room, initials}) => {
    const [row, number, words] = ['li', 'b', 'span'].map((name) => document.createElement(name));
    number.textContent = label;
    if (label.length > 4) number.dataset.long = '';
    words.textContent = initials ? `${room} · ${initials}` : room;
    row.append(number, words);
    return row;
  });
  const list = byId('list');
  if (list.textContent !== rows.map((row) => row.textContent).join('')) list.replaceChildren(...rows);
}

// Return the Vietnamese voice of this browser, if it has one.
function voice() { return synthesis?.getVoices().find(({lang}) => /^vi\b/i.test(lang)); }

// Return a number as it is spoken: the letters of a desk one by one.
function spokenNumber(label) { return label.replace(/[A-Z](?=[A-Z])/g, '$& '); }

// Speak a call twice. Without a Vietnamese voice the display is silent.
function speak({label, room}) {
  const vietnamese = voice();
  if (!vietnamese) return;
  speaking = true;
  let left = TIMES;
  for (let time = 0; time < TIMES; time += 1) {
    const words = new SpeechSynthesisUtterance(`Mời số ${spokenNumber(label)}, đến ${room}.`);
    [words.voice, words.lang, words.rate] = [vietnamese, vietnamese.lang, 0.9];
    words.onstart = () => { byId('sound').hidden = true; };
    words.onend = words.onerror = ({error}) => {
      left -= 1;
      if (error === 'not-allowed') byId('sound').hidden = false;
      if (left === 0) speaking = false;
    };
    synthesis.speak(words);
  }
}

// Offer to allow sound, until somebody has: a browser speaks only on a page that was touched once.
function offerSound() {
  const button = byId('sound');
  button.hidden = !voice() || (navigator.userActivation?.hasBeenActive ?? false);
}
byId('sound').addEventListener('click', () => {
  byId('sound').hidden = true;
  const words = new SpeechSynthesisUtterance('Đã bật tiếng gọi số.');
  [words.voice, words.lang] = [voice(), 'vi-VN'];
  synthesis.speak(words);
});
synthesis?.addEventListener?.('voiceschanged', offerSound);
offerSound();

// Show the notices one after another.
function turnNotice() {
  byId('notice').textContent = notices[place % notices.length] ?? '';
  place += 1;
}
turnNotice();
setInterval(turnNotice, NOTICE_MS);
draw();
follow();
