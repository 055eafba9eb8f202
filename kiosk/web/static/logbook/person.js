// The page of a person: the details of a visit are fetched when it is opened.
import {fragment} from '../call.js';

// Fetch what belongs into an opened visit, once; without an answer its link to the visit stays.
async function fill(exam) {
  if (!exam.open || exam.dataset.filled) return;
  exam.dataset.filled = 'yes';
  try {
    exam.querySelector('.exam-body').innerHTML = await fragment(exam.dataset.path);
  } catch {
    delete exam.dataset.filled;
  }
}

for (const exam of document.querySelectorAll('details.exam')) exam.addEventListener('toggle', () => fill(exam));
