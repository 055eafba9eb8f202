// The name of this browser. Each is a reader of its own: two desks' cards are never taken for one
// person's.
export const BROWSER = nameOfThisBrowser();

function nameOfThisBrowser() {
  const name = () => [...crypto.getRandomValues(new Uint8Array(3))].map((b) => b.toString(16).padStart(2, '0')).join('');
  try {
    localStorage.reader ??= name();
    return localStorage.reader;
  } catch {
    return name();  // storage is forbidden: a name for as long as the page is open
  }
}
