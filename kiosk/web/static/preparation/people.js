// Whether a card that was read belongs to another person than the sheet. A pure module: the program compares the two
// cards when it checks the sheet; this only keeps the next patient's card from filling the sheet of the one before.

// Return whether a card ({part, fields}) may be of somebody else than what is in the form (values by name).
export function isAnother({part, fields}, values, goal) {
  if (hasAnotherNumber(part, fields, values)) return true;
  return goal !== 'child' && hasAnotherHolder(part, fields, values);
}

// Return whether a card has another number than what was read or typed of that card before. The last ten characters of
// a card's number are those of the person; a shorter number was not typed to the end.
function hasAnotherNumber(part, fields, values) {
  const name = part === 'id' ? 'id_number' : 'card_number';
  const begin = part === 'id' ? 0 : -10;
  const before = plain(values[name]);
  return before.length >= 10 && before.slice(begin) !== plain(fields[name]).slice(begin);
}

// Return whether name and birth date both differ from those of the other card.
function hasAnotherHolder(part, fields, values) {
  const other = part === 'id' ? 'card' : 'id';
  return ['holder', 'born'].every((name) => {
    const [here, there] = [fields[`${part}_${name}`], values[`${other}_${name}`]].map(plain);
    return here && there && here !== there;
  });
}

// Return a text without blanks, signs, case and marks; empty for none.
function plain(text) {
  return (text ?? '').normalize('NFD').replace(/[^\p{L}\p{N}]/gu, '').toLowerCase().replaceAll('đ', 'd');
}
