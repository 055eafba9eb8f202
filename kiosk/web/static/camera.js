// The browser's camera: one frame at a time goes to the program, for as long as the camera is on.
// A code that stays in view is one scan; that is for the program to tell.
import {post} from './call.js';

const PAUSE_MS = 30;     // between the answer to one frame and the next
const LIVELY_MS = 1000;  // of looking at every frame, after something moved or a code was seen
const STILL_MS = 300;    // between frames once nothing moves and no code is seen
const PATIENCE_MS = 3000;  // of a code in view that cannot be read, before advice is given
const LONGEST_PAUSE_MS = 2000;  // while the program does not answer
const FAILURES = 10;       // frames in a row without an answer, after which the page says so
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

  // Whether it is on.
  get running() { return this.stream !== null; }

  // Ask for the camera, and begin to look; throws if there is none or it is not allowed.
  async start() {
    this.starting = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        {video: {width: {ideal: WIDTH}, height: {ideal: 720}, facingMode: 'environment'}});
      if (!this.starting) return stream.getTracks().forEach((track) => track.stop());  // switched off meanwhile
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

  // Switch it off.
  stop() {
    this.starting = false;
    if (!this.stream) return;
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.view.srcObject = null;
    this.advise(null);
  }

  // Look at one frame after the other, for as long as this stream is the camera's.
  async look(stream) {
    const isOver = () => this.stream !== stream;
    const motion = new Motion(this.view);
    const unread = new UnreadCode();
    let failures = 0;
    let lively = 0;  // until when every frame is looked at
    while (!isOver()) {
      motion.remember();
      const {ok, answer} = await this.send().catch(() => ({ok: false}));
      if (isOver()) return;
      failures = ok ? 0 : failures + 1;
      if (ok) this.show(answer, unread);
      else await this.rest(failures, unread);
      await pause(PAUSE_MS);
      const isLively = !ok || answer.found || answer.advice;
      if (isLively || await this.movesAfter(lively, motion, isOver)) lively = performance.now() + LIVELY_MS;
    }
  }

  // Show what one frame has brought: another scan, or what would help to read the code in view.
  show(answer, unread) {
    if (answer.attempt) this.found(answer);
    unread.look(answer, performance.now());
    if (unread.isNews) this.advise(unread.advice);
  }

  // Wait after a frame that was not answered, longer each time; say so when there were many.
  async rest(failures, unread) {
    if (failures === FAILURES) this.lost(false);
    await pause(Math.min(PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
    unread.look({found: 0, advice: null}, performance.now());
    if (unread.isNews) this.advise(unread.advice);
  }

  // Wait before an empty desk, once it has been still for a while; return whether something moves.
  async movesAfter(lively, motion, isOver) {
    return performance.now() > lively && motion.within(STILL_MS, isOver);
  }

  // Send the picture in view to the program; return its answer.
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

// How long a code is in view that cannot be read. `advice` is what would help, once that takes too
// long; null before. Pure: answers and their times (milliseconds) are handed in.
export class UnreadCode {
  #since = null;  // when it was first in view …
  #seen = 0;      // … and when it was last
  advice = null;
  isNews = false;  // whether the last answer says something about the advice

  // Take in the answer to one frame, {found, advice}.
  look({found, advice}, now) {
    if (advice) this.#notice(now);
    const isRead = found > 0 && !advice;
    const hasLeft = this.#since !== null && now - this.#seen > LIVELY_MS;
    if (isRead || hasLeft) this.#since = null;
    const isDue = Boolean(advice) && now - this.#since > PATIENCE_MS;
    this.advice = isDue ? advice : null;
    this.isNews = isDue || found > 0 || hasLeft;
  }

  // Note that it is in view.
  #notice(now) {
    this.#seen = now;
    this.#since ??= now;
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

  // Wait for the next frame, for a moment at most.
  frame() {
    const next = new Promise((done) => this.view.requestVideoFrameCallback?.(done));
    return Promise.race([next, pause(PAUSE_MS)]);
  }

  // Return the picture in view, very small.
  thumbnail() {
    this.context.drawImage(this.view, 0, 0, Motion.WIDTH, Motion.HEIGHT);
    return this.context.getImageData(0, 0, Motion.WIDTH, Motion.HEIGHT).data;
  }
}

// Wait.
function pause(ms) { return new Promise((done) => setTimeout(done, ms)); }

// A short high tone, where the browser allows it.
export function beep() {
  try {
    sound();
  } catch {
    return;  // a browser without sound reads cards all the same
  }
}

// Play the tone; throws in a browser without sound.
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
