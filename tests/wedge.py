"""A reader that types like a keyboard, in a page: key after key without a pause between.

Playwright's own keyboard sends a message for each key, and on a busy machine that makes pauses
which no reader makes.  Each key has the time at which a reader would send it, so that a pause of
the browser's own process makes none either.
"""

from __future__ import annotations

from typing import Any

TYPE = """(text) => {
  let time = performance.now();
  const down = (key) => {
    const event = new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true});
    Object.defineProperty(event, 'timeStamp', {value: time});
    time += 0.1;
    return document.activeElement.dispatchEvent(event);
  };
  const moveOn = () => {
    const stops = [...document.querySelectorAll('input, select, textarea, button, a[href]')]
      .filter((part) => part.checkVisibility() && part.tabIndex >= 0 && !part.disabled);
    const next = stops[stops.indexOf(document.activeElement) + 1] ?? stops[0];
    next.focus();
  };
  const keys = [...text.matchAll(/<(Enter|Tab)>|[^]/g)].map((match) => match[1] ?? match[0]);
  for (const key of keys) {
    if (!down(key)) continue;
    if (key === 'Enter') document.activeElement.form?.requestSubmit();
    else if (key === 'Tab') moveOn();
    else document.execCommand('insertText', false, key);
  }
}"""


def wedge(page: Any, text: str) -> None:
    """Type a text as a reader does; `<Enter>` and `<Tab>` in it are these keys."""
    page.evaluate(TYPE, text)
