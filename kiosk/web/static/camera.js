// The browser's camera: one frame at a time goes to the program, for as long as the camera is on.
// A code that stays in view is one scan; that is for the program to tell.
import {post} from './call.js';

const PAUSE_MS = 30;     // between the answer to one frame and the next
const LIVELY_MS = 1000;  // of looking at every frame, after something moved or a code was seen
const STILL_MS = 300;    // between frames once nothing moves and no code is seen
const PATIENCE_MS = 3000;  // of a code in view that cannot be read, before advice is given
const LONGEST_PAUSE_MS = 2000;  // while the program does not answer
const FAILURES = 10;       // frames in a row without an answer, after which it is told
const WIDTH = 1280;

export class Camera {
  // found(answer): another scan; advise(word): what would help, or null; lost(isGone): the camera
  // has gone, or the program does not answer.
  constructor(view, name, {found, advise, lost}) {
    this.view = view;
    this.name = name;
    this.lost = lost;
    this.starting = false;
    this.found = found;
    this.advise = advise;
    this.stream = null;
    this.canvas = document.createElement('canvas');
  }

  get running() { return this.stream !== null; }

  async start() {
    this.starting = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        {video: {width: {ideal: WIDTH}, height: {ideal: 720}, facingMode: 'environment'}});
      if (!this.starting) return stream.getTracks().forEach((track) => track.stop());  // put off meanwhile
      this.stream = stream;
      for (const track of stream.getTracks()) {
        track.addEventListener('ended', () => { if (this.stream === stream) this.lost(true); });
      }
      this.view.srcObject = stream;
      await this.view.play();
      this.look(stream);
    } finally {
      this.starting = false;
    }
  }

  stop() {
    this.starting = false;
    if (!this.stream) return;
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.view.srcObject = null;
    this.advise(null);
  }

  async look(stream) {
    const motion = new Motion(this.view);
    let since = null;  // when a code was first in view that could not be read …
    let seen = 0;      // … and when it was last
    let failures = 0;
    let lively = 0;    // until when every frame is looked at
    while (this.stream === stream) {
      motion.remember();
      const {ok, answer} = await this.send().catch(() => ({ok: false}));
      if (this.stream !== stream) return;
      failures = ok ? 0 : failures + 1;
      if (failures === FAILURES) this.lost(false);
      if (!ok) await pause(Math.min(PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
      if (ok && answer.attempt) this.found(answer);
      if (ok && answer.advice) seen = performance.now(), since ??= seen;
      if (ok && answer.found) since = null;
      if (since !== null && performance.now() - seen > LIVELY_MS) {  // it has left the picture
        since = null;
        this.advise(null);
      }
      const waited = since !== null && performance.now() - since > PATIENCE_MS;
      if (ok && (answer.found || (waited && answer.advice))) this.advise(waited ? answer.advice : null);
      await pause(PAUSE_MS);
      const now = performance.now();
      if (!ok || answer.found || answer.advice) lively = now + LIVELY_MS;
      else if (now > lively && await motion.within(STILL_MS, () => this.stream !== stream)) lively = performance.now() + LIVELY_MS;
    }
  }

  async send() {
    const {canvas, view} = this;
    const scale = Math.min(1, WIDTH / view.videoWidth);
    canvas.width = view.videoWidth * scale;
    canvas.height = view.videoHeight * scale;
    canvas.getContext('2d').drawImage(view, 0, 0, canvas.width, canvas.height);
    const frame = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.85));
    return post('/api/frames', frame, {'Content-Type': 'image/jpeg', 'X-Camera': this.name});
  }
}

// Tells when something moves before a camera, by a thumbnail: an empty desk costs no work, and a
// phone that comes is looked at in its first frame.
class Motion {
  static WIDTH = 32;
  static HEIGHT = 18;
  static STEP = 24;   // of grey, out of 255, by which a part of the picture has changed …
  static PARTS = 6;   // … and how many have to: one alone is noise

  constructor(view) {
    this.view = view;
    const canvas = Object.assign(document.createElement('canvas'), {width: Motion.WIDTH, height: Motion.HEIGHT});
    this.context = canvas.getContext('2d', {willReadFrequently: true});
    this.context.imageSmoothingQuality = 'high';
  }

  // Keep how it looks now: what comes while this frame is being looked at is motion, too.
  remember() { this.before = this.thumbnail(); }

  // Return true as soon as it looks otherwise; false after a time, or when it is over.
  async within(longest, isOver) {
    const until = performance.now() + longest;
    while (performance.now() < until && !isOver()) {
      const now = this.thumbnail();
      const changed = now.filter((grey, at) => at % 4 === 1 && Math.abs(grey - this.before[at]) > Motion.STEP);
      if (changed.length >= Motion.PARTS) return true;
      await this.frame();
    }
    return false;
  }

  frame() {
    const next = new Promise((done) => this.view.requestVideoFrameCallback?.(done));
    return Promise.race([next, pause(PAUSE_MS)]);
  }

  thumbnail() {
    this.context.drawImage(this.view, 0, 0, Motion.WIDTH, Motion.HEIGHT);
    return this.context.getImageData(0, 0, Motion.WIDTH, Motion.HEIGHT).data;
  }
}

function pause(ms) { return new Promise((done) => setTimeout(done, ms)); }

// A short high tone, where the browser allows it.
export function beep() {
  try {
    sound();
  } catch {
    return;  // a browser without sound reads cards all the same
  }
}

function sound() {
  const audio = new (window.AudioContext ?? window.webkitAudioContext)();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 1760;
  volume.gain.value = 0.08;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.08);
  tone.onended = () => audio.close();
}
