// Tones for the outcomes. A browser sounds only after its clerk has switched them on; on a page without the
// switch, because the site wants none, it never does. A forged card sounds like every card that a clerk looks
// at: the whole hall can hear it.
const SWITCH = document.getElementById('sounds');
const KEY = 'sounds';
const HIGH_HZ = 1047, EVEN_HZ = 659, LOW_HZ = 262;
const VOLUME = 0.12;
const FADE_S = 0.01;  // a tone that begins or ends at once clicks
const FAULT_AGAIN_MS = 10_000;  // one outage is one fault, though several parts of a page notice it

// For each sound its tones: frequency, begin and end in seconds.
const SOUNDS = {
  admitted: [[HIGH_HZ, 0, 0.14]],
  unconfirmed: [[EVEN_HZ, 0, 0.14], [EVEN_HZ, 0.22, 0.36]],
  desk: [[LOW_HZ, 0, 0.3]],
  fault: [[LOW_HZ, 0, 0.2], [LOW_HZ, 0.3, 0.5], [LOW_HZ, 0.6, 0.8]],
  read: [[1760, 0, 0.08]],
};

let audio = null;
let last = '';  // the reading that sounded, or was opened, last, and its sound
let faultAt = -Infinity;

// Return whether this browser's clerk has switched the sounds on.
function isOn() {
  try {
    return SWITCH !== null && localStorage[KEY] === 'on';
  } catch {
    return false;  // storage is not allowed
  }
}

// Sound for a verdict on screen, once for each reading and outcome. It is only noted if `isQuiet`, because the
// clerk opened it from a list. A recorded visit has no sound.
export function soundVerdict(reading, pass, isQuiet) {
  if (!pass || pass.querySelector('.ticket')) return;
  const name = pass.classList.contains('here') ? 'desk' : pass.dataset.outcome;
  const now = `${reading} ${name}`;
  if (now !== last && !isQuiet) sound(name);
  last = now;
}

// Sound because a patient was put into the list while the clerk typed.
export function soundWaiting() { sound('desk'); }

// Sound because the program does not answer.
export function soundFault() {
  if (performance.now() - faultAt > FAULT_AGAIN_MS) sound('fault');
  faultAt = performance.now();
}

// Sound because the camera has read a code, before its verdict. The clerk who switched the camera on wants it.
export function beep() { if (SWITCH !== null) play(SOUNDS.read); }

function sound(name) { if (isOn()) play(SOUNDS[name] ?? []); }

// Play tones if the browser can; nothing waits for them.
function play(tones) {
  try {
    audio ??= new (window.AudioContext ?? window.webkitAudioContext)();
    audio.resume().catch(() => {});  // a browser lets no page sound before a key or a button was pressed
    tones.forEach((tone) => playTone(...tone));
  } catch {
    audio = null;  // a browser without sound: the screen says everything, too
  }
}

function playTone(frequency, begin, end) {
  const [tone, volume, now] = [audio.createOscillator(), audio.createGain(), audio.currentTime];
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, now + begin);
  volume.gain.linearRampToValueAtTime(VOLUME, now + begin + FADE_S);
  volume.gain.setValueAtTime(VOLUME, now + end - FADE_S);
  volume.gain.linearRampToValueAtTime(0, now + end);
  tone.connect(volume).connect(audio.destination);
  tone.start(now + begin);
  tone.stop(now + end);
}

// Let the clerk switch the sounds on and off; switching them on plays the first one.
export function watchSounds() {
  if (SWITCH === null) return;
  const show = () => {
    SWITCH.setAttribute('aria-pressed', String(isOn()));
    SWITCH.classList.toggle('on', isOn());
  };
  SWITCH.addEventListener('click', () => {
    try {
      localStorage[KEY] = isOn() ? 'off' : 'on';
    } catch {
      return;  // storage is not allowed: the sounds stay off
    }
    show();
    sound('admitted');
  });
  show();
}
