// Lets a press of the pointer end before the page changes under it. A click whose button has moved away
// between the press and the release would be lost, or hit what came in its place.

let ended = Promise.resolve();
let end = () => {};

document.addEventListener('pointerdown', () => {
  end();  // of a press whose release was not seen
  ended = new Promise((resolve) => { end = resolve; });
}, true);

// The click comes after the release, so what waits goes on behind it.
for (const release of ['pointerup', 'pointercancel']) document.addEventListener(release, () => setTimeout(end), true);
window.addEventListener('blur', () => end());

// Return a promise that holds while the pointer is pressed.
export const pressEnded = () => ended;
