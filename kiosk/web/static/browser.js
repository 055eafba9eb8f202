// The name of this browser. Each browser is a reader of its own, so that the cards of two desks are
// never joined as one person's.
export const BROWSER = nameOfThisBrowser();

// Return the name that this browser stored, or a new one.
function nameOfThisBrowser() {
  const name = () => [...crypto.getRandomValues(new Uint8Array(3))].map((b) => b.toString(16).padStart(2, '0')).join('');
  try {
    localStorage.reader ??= name();
    return localStorage.reader;
  } catch {
    return name();  // storage is not allowed: this name lasts until the page is closed
  }
}
