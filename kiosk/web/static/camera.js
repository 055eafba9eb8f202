// The browser's camera sends one frame at a time to the program while it is on. The program
// recognises a code that stays in view as one scan.
import {post} from './call.js';

const FRAME_PAUSE_MS = 30;    // between the answer to a frame and the next frame
const ACTIVE_MS = 1000;       // every frame is sent for so long after a movement or a code
const STILL_PAUSE_MS = 300;   // between frames when nothing moves and no code is seen
const ADVICE_DELAY_MS = 3000; // a code is in view and unread for so long before advice is shown
const MAX_PAUSE_MS = 2000;    // between frames while the program does not answer
const MAX_REST_MS = 500;      // no frame is sent for at most so long while a verdict comes on screen
const FAILURES_BEFORE_NOTICE = 10;  // unanswered frames in a row, after which the page says so
const FRAME_WIDTH = 1280;     // pixels

export class Camera {
  // The callbacks: found(answer) with the answer to a new scan, whose promise ends when its verdict is on screen;
  // advise(advice) with what would help
  // to read the code, or null; lost(isGone) if the camera is gone or the program does not answer.
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

  // Return whether the camera is on.
  get running() { return this.stream !== null; }

  // Switch the camera on and start to send frames; throws without a camera or if it is not allowed.
  async start() {
    this.starting = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        {video: {width: {ideal: FRAME_WIDTH}, height: {ideal: 720}, facingMode: 'environment'}});
      if (!this.starting) return stream.getTracks().forEach((track) => track.stop());  // switched off meanwhile
      this.stream = stream;
      for (const track of stream.getTracks()) {
        track.addEventListener('ended', () => { if (this.stream === stream) this.lost(true); });
      }
      this.view.srcObject = stream;
      await this.view.play();
      this.sendFrames(stream);
    } finally {
      this.starting = false;
    }
  }

  // Switch the camera off.
  stop() {
    this.starting = false;
    if (!this.stream) return;
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.view.srcObject = null;
    this.advise(null);
  }

  // Send one frame after the other until this stream is no longer the camera's.
  async sendFrames(stream) {
    const isOver = () => this.stream !== stream;
    const motion = new Motion(this.view);
    const unread = new UnreadCode();
    let failures = 0;
    let activeUntil = 0;  // every frame is sent until then
    while (!isOver()) {
      motion.remember();
      const {ok, answer} = await this.send().catch(() => ({ok: false}));
      if (isOver()) return;
      failures = ok ? 0 : failures + 1;
      if (ok) await this.show(answer, unread);
      else await this.waitAfterFailure(failures, unread);
      await pause(FRAME_PAUSE_MS);
      const isActive = !ok || answer.found || answer.advice;
      if (isActive || await this.waitForMotion(activeUntil, motion, isOver)) activeUntil = performance.now() + ACTIVE_MS;
    }
  }

  // Show the answer to one frame: a new scan, or what would help to read the code in view. The camera rests while a
  // verdict comes on screen: to compress a frame takes the time in which it would be painted.
  async show(answer, unread) {
    if (answer.attempt) await Promise.race([this.found(answer), pause(MAX_REST_MS)]);
    unread.update(answer, performance.now());
    if (unread.isNews) this.advise(unread.advice);
  }

  // Wait after a frame without an answer, longer each time; report it after several in a row.
  async waitAfterFailure(failures, unread) {
    if (failures === FAILURES_BEFORE_NOTICE) this.lost(false);
    await pause(Math.min(FRAME_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS));
    unread.update({found: 0, advice: null}, performance.now());
    if (unread.isNews) this.advise(unread.advice);
  }

  // Wait if nothing has moved for a while; return whether something moves now.
  async waitForMotion(activeUntil, motion, isOver) {
    return performance.now() > activeUntil && motion.within(STILL_PAUSE_MS, isOver);
  }

  // Send the picture in view to the program; return the answer.
  async send() {
    return post('/api/frames', await this.frame(), {'Content-Type': 'image/jpeg', 'X-Camera': this.name});
  }

  // Return the picture in view as a JPEG.
  frame() {
    const {canvas, view} = this;
    const scale = Math.min(1, FRAME_WIDTH / view.videoWidth);
    canvas.width = view.videoWidth * scale;
    canvas.height = view.videoHeight * scale;
    canvas.getContext('2d').drawImage(view, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.85));
  }
}

// Measures how long a code is in view without being read. `advice` is what would help, once that
// takes too long; until then it is null. A pure class: the caller passes answers and their times in
// milliseconds.
export class UnreadCode {
  #firstSeen = null;
  #lastSeen = 0;
  advice = null;
  isNews = false;  // whether the last answer decides what is shown as advice

  // Update with the answer to one frame, {found, advice}.
  update({found, advice}, now) {
    if (advice) this.#notice(now);
    const isRead = found > 0 && !advice;
    const hasLeft = this.#firstSeen !== null && now - this.#lastSeen > ACTIVE_MS;
    if (isRead || hasLeft) this.#firstSeen = null;
    const isDue = Boolean(advice) && now - this.#firstSeen > ADVICE_DELAY_MS;
    this.advice = isDue ? advice : null;
    this.isNews = isDue || found > 0 || hasLeft;
  }

  // Record that a code is in view.
  #notice(now) {
    this.#lastSeen = now;
    this.#firstSeen ??= now;
  }
}

// Recognises motion in front of the camera by comparing thumbnails. An empty desk costs no work, and
// a phone is noticed in its first frame.
class Motion {
  static WIDTH = 32;
  static HEIGHT = 18;
  static MIN_GREY_STEP = 24;     // of 255, by which a pixel must change to count
  static MIN_CHANGED_PIXELS = 6; // fewer are noise

  constructor(view) {
    this.view = view;
    const canvas = Object.assign(document.createElement('canvas'), {width: Motion.WIDTH, height: Motion.HEIGHT});
    this.context = canvas.getContext('2d', {willReadFrequently: true});
    this.context.imageSmoothingQuality = 'high';
  }

  // Store the picture now, so that a change while this frame is being read counts as motion, too.
  remember() { this.before = this.thumbnail(); }

  // Return true as soon as something moves; false after `timeoutMs`, or if the camera is off.
  async within(timeoutMs, isOver) {
    const until = performance.now() + timeoutMs;
    while (performance.now() < until && !isOver()) {
      const now = this.thumbnail();
      const changed = now.filter((grey, at) => at % 4 === 1 && Math.abs(grey - this.before[at]) > Motion.MIN_GREY_STEP);
      if (changed.length >= Motion.MIN_CHANGED_PIXELS) return true;
      await this.nextFrame();
    }
    return false;
  }

  // Wait for the next frame, at most as long as the pause between frames.
  nextFrame() {
    const next = new Promise((done) => this.view.requestVideoFrameCallback?.(done));
    return Promise.race([next, pause(FRAME_PAUSE_MS)]);
  }

  // Return the pixels of the picture in view, as a thumbnail.
  thumbnail() {
    this.context.drawImage(this.view, 0, 0, Motion.WIDTH, Motion.HEIGHT);
    return this.context.getImageData(0, 0, Motion.WIDTH, Motion.HEIGHT).data;
  }
}

// Wait for a time.
function pause(ms) { return new Promise((done) => setTimeout(done, ms)); }
