// The browser's camera: one frame at a time goes to the program, until a code is found.
import {post} from './call.js';

const PAUSE_MS = 120;  // between the answer to one frame and the next

export class Camera {
  constructor(view, found) {
    this.view = view;
    this.found = found;
    this.stream = null;
    this.canvas = document.createElement('canvas');
  }

  get running() { return this.stream !== null; }

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia(
      {video: {width: {ideal: 1280}, height: {ideal: 720}, facingMode: 'environment'}});
    this.view.srcObject = this.stream;
    await this.view.play();
    this.look(this.stream);
  }

  stop() {
    if (!this.stream) return;
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.view.srcObject = null;
  }

  async look(stream) {
    while (this.stream === stream) {
      const {ok, answer} = await this.send().catch(() => ({ok: false}));
      if (this.stream !== stream) return;
      if (ok && answer.found) {
        this.stop();  // a card held still is one scan
        this.found(answer);
        return;
      }
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }

  async send() {
    const {canvas, view} = this;
    canvas.width = view.videoWidth;
    canvas.height = view.videoHeight;
    canvas.getContext('2d').drawImage(view, 0, 0);
    const frame = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.85));
    return post('/api/pictures', frame, {'Content-Type': 'image/jpeg'});
  }
}
