// A card as a picture: turns it, and shows it on the patient's screen of this desk. The picture goes from this page
// to that screen within the browser; the program sends it to no screen, because anybody in the house can open one.
const CHANNEL = 'tiepdon-card';
const ANSWER_MS = 700;  // of the patient's screen

const channel = new BroadcastChannel(CHANNEL);
let part = null;     // the part of the page with the card that is wired
let number = 0;      // of the showing
let asking = null;

// Wire the buttons of a card.
export function wireCard(found) {
  takeAway();
  part = found;
  part.addEventListener('click', ({target}) => {
    const action = target.closest('[data-card]')?.dataset.card;
    if (action === 'turn') turn('side', 'front', 'back');
    else if (action === 'form') changeForm();
    else if (action === 'show') showToPatient();
    else if (action === 'take') takeAway();
  });
}

// Take the picture off the patient's screen, if this page has shown one.
export function takeAway() {
  if (!number) return;
  channel.postMessage({take: number});
  ended();
}

// Show the other side, or the other form: `name` is which, with its two values.
function turn(name, first, second) {
  const faces = [...part.querySelectorAll('.card-face')];
  const {side, form} = faces.find((face) => !face.hidden).dataset;
  const now = {side, form, [name]: ({side, form})[name] === first ? second : first};
  for (const face of faces) face.hidden = face.dataset.side !== now.side || face.dataset.form !== now.form;
  if (number) send();  // the patient sees what the clerk sees
  return now;
}

// Show the other form, and name the one that the button leads to.
function changeForm() {
  const button = part.querySelector('[data-card=form]');
  turn('form', 'new', 'old');
  [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
}

// Show the picture on the patient's screen; say so if there is no such screen.
function showToPatient() {
  number = Date.now();
  send();
  clearTimeout(asking);
  asking = setTimeout(() => { number = 0; say(part.dataset.nowhere, true); }, ANSWER_MS);
}

// Send what is seen of the card.
function send() {
  const html = part.querySelector('.card-face:not([hidden])').outerHTML;
  channel.postMessage({show: number, desk: part.dataset.desk, html});
}

// Note that the picture is no longer on the patient's screen.
function ended() {
  number = 0;
  clearTimeout(asking);
  if (!part) return;
  part.querySelector('[data-card=take]').hidden = true;
  say(part.dataset.gone);
}

// Say what became of the picture; the link opens a patient's screen.
function say(words, offers = false) {
  const line = part.querySelector('.card-said');
  line.firstElementChild.textContent = words;
  line.querySelector('a').hidden = !offers;
}

channel.addEventListener('message', ({data: {shown, gone}}) => {
  if (!number) return;
  if (gone === number) ended();
  if (shown !== number) return;
  clearTimeout(asking);
  part.querySelector('[data-card=take]').hidden = false;
  say(part.dataset.shown);
});
