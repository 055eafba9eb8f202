// The panel of the browser's camera: switches the camera on and off, and shows advice.
import {BROWSER} from '../browser.js';
import {Camera} from '../camera.js';
import {beep} from '../sounds.js';
import {byId, field, message, say} from './screen.js';
import {takeScan} from './scan_input.js';

const FLASH_MS = 400;  // the frame changes its colour for so long after a card was read

const button = byId('camera-button');
const panel = byId('camera');
const camera = new Camera(byId('camera-view'), BROWSER, {found, advise, lost});

// A card was read by the camera. Returns when its verdict is on screen.
function found(answer) {
  const shown = takeScan(Promise.resolve({ok: true, answer}));
  setTimeout(beep);  // after the verdict was asked for: a sound takes some milliseconds to begin
  panel.classList.add('read');
  setTimeout(() => panel.classList.remove('read'), FLASH_MS);
  return shown;
}

// Show what would help to read the code in view; clear it if `advice` is null.
function advise(advice) {
  byId('advice').textContent = (advice && byId('advice').getAttribute(`data-${advice}`)) ?? '';
}

// Say that the camera is gone, or that the program does not answer.
function lost(isGone) {
  if (isGone) close();
  say(isGone ? message.dataset.noCamera : message.dataset.noAnswer);
}

// Switch the camera off.
function close() {
  camera.stop();
  panel.hidden = true;
  button.setAttribute('aria-expanded', 'false');
  field.focus();
}

// Switch the camera on, or off if it is on.
async function toggle() {
  if (camera.running || camera.starting) return close();
  say();
  if (!navigator.mediaDevices) return say(message.dataset.insecure);
  panel.hidden = false;
  button.setAttribute('aria-expanded', 'true');
  try {
    await camera.start();
    if (document.activeElement === button) field.focus();  // Enter confirms, and does not switch the camera off
  } catch {
    close();
    say(message.dataset.noCamera);
  }
}

// React to the camera's button and to the choice of a mirrored picture.
export function watchCamera() {
  button.addEventListener('click', toggle);
  byId('mirror').addEventListener('change', ({target}) => panel.classList.toggle('mirrored', target.checked));
}
