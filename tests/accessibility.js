// What the checks of tests/accessibility.py ask a page. Each function returns a list of faults, as texts.
({
  // What axe-core finds by the rules with some tags.
  async axe(tags) {
    // A gradient hides a colour from axe-core; this one only shows that there is more to scroll.
    for (const part of document.querySelectorAll('.middle')) part.style.backgroundImage = 'none';
    const options = {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']};
    const {violations} = await axe.run(document, options);
    return violations.flatMap(({id, nodes}) => nodes.map((node) =>
      `${id}: ${node.target.join(' ')} ${node.any.map((check) => check.message).join(' ')}`));
  },

  // Controls that are smaller than a number of pixels. A link within a text is as high as its line (WCAG
  // 2.5.8, inline); a box to tick is as large as its label.
  targets(least) {
    const controls = 'button, a[href], input, select, textarea, summary, label.button';
    const isSeen = (part) => part.checkVisibility({visibilityProperty: true}) && part.getClientRects().length;
    const isInline = (part) => part.matches('a') && getComputedStyle(part).display === 'inline' && part.closest('p, li, small');
    const small = [];
    for (const part of document.querySelectorAll(controls)) {
      if (!isSeen(part) || part.closest('.visually-hidden') || isInline(part)) continue;
      const labels = part.matches('[type=checkbox], [type=radio]') ? part.labels : [];
      const boxes = [part, ...labels].map((each) => each.getBoundingClientRect());
      const span = (from, to) => Math.max(...boxes.map((box) => box[to])) - Math.min(...boxes.map((box) => box[from]));
      const [width, height] = [span('left', 'right'), span('top', 'bottom')];
      const name = part.id || part.textContent.trim().replace(/\s+/g, ' ').slice(0, 30);
      if (Math.min(width, height) + 0.5 < least) small.push(`${part.tagName} ${name}: ${Math.round(width)} × ${Math.round(height)}`);
    }
    return small;
  },

  // What makes the page wider than the window.
  overflow() {
    const root = document.scrollingElement;
    if (root.scrollWidth <= innerWidth) return [];
    const isWide = (part) => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest('.rail, .scroll');
    const wide = [...document.querySelectorAll('body *')].filter(isWide).slice(0, 4);
    return [`${root.scrollWidth} in ${innerWidth} px: ${wide.map((part) => `${part.tagName}.${part.className}`).join(', ')}`];
  },

  // Parts of the verdict that cannot be scrolled to.
  lost() {
    const parts = [...document.querySelectorAll('.pass h1, .pass .say, .pass .acts button')];
    return parts.filter((part) => {
      part.scrollIntoView({block: 'center'});
      const box = part.getBoundingClientRect();
      const scroller = part.closest('.middle');
      const room = scroller && getComputedStyle(scroller).overflowY !== 'visible' ? scroller.clientHeight : innerHeight;
      return part.checkVisibility() && (box.top < 0 || box.bottom > innerHeight || room < Math.min(box.height, 60));
    }).map((part) => `${part.tagName} ${part.textContent.trim().slice(0, 20)}`);
  },

  // Buttons of the verdict that the window does not show whole, or that something covers.
  hiddenActions() {
    const isHidden = (part) => {
      const box = part.getBoundingClientRect();
      const isInside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
      const seen = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
      return part.checkVisibility() && !(isInside && (part.contains(seen) || seen?.closest('dialog, #camera')));
    };
    return [...document.querySelectorAll('.pass .acts button, .pass .acts a')].filter(isHidden).map((part) => part.textContent.trim());
  },
})
