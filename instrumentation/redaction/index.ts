// What must not leave the process nor reach a disk: secrets that show by their form or their key,
// e-mail addresses and card numbers. Instrumentation and collector use it alike.
import { Redaction, type Redactor } from './redact.ts';

export { namesNext } from './elements.ts';
export { secretName } from './keys.ts';
export {
  addCounts,
  looksLikeJson,
  mayHide,
  type Redacted,
  Redaction,
  type Redactions,
  type Redactor,
} from './redact.ts';

/** What {@link redact} is made of. */
export const standard = new Redaction();

/** Removes secrets, e-mail addresses and card numbers. The default redactor. */
export const redact: Redactor = (value) => {
  const redactions = {};
  return { value: standard.value(value, redactions), redactions };
};
