// Loads the page again if a part of it is missing, because the program was stopped while the page was loading. This
// is no module: a module does not run if one that it imports is missing, and nothing on the page would say so.
(() => {
  const EVERY_MS = 2000;
  const LIMIT_MS = 2500;  // of one question
  let isPartial = false;

  // Do something as soon as the program answers.
  async function whenItAnswers(act) {
    try {
      const response = await fetch('/ping', {signal: AbortSignal.timeout(LIMIT_MS), cache: 'no-store'});
      if (response.ok) return act();
    } catch {
      // The program is still away.
    }
    setTimeout(() => whenItAnswers(act), EVERY_MS);
  }

  // The error of a script or a style reaches no other listener: it does not bubble. A style is fetched again by
  // itself; a script that is missing stays missing until the page is loaded again.
  addEventListener('error', ({target}) => {
    if (target?.rel === 'stylesheet') {
      setTimeout(() => whenItAnswers(() => target.replaceWith(target.cloneNode())), EVERY_MS);
    } else if (target instanceof HTMLScriptElement && !isPartial) {
      isPartial = true;
      setTimeout(() => whenItAnswers(() => location.reload()), EVERY_MS);
    }
  }, true);
})();
