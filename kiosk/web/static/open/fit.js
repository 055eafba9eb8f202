// Makes the letters of a text smaller until it fits: guides have few steps or many, and no screen scrolls.
const SMALLEST = 50;  // percent
const STEP = 4;

// Set the size of the letters in an element, which has its sizes in em. `overflows()` says whether it is too long.
export function fit(element, overflows) {
  for (let percent = 100; percent >= SMALLEST; percent -= STEP) {
    element.style.fontSize = `${percent}%`;
    if (!overflows()) return;
  }
}
