// Names of exceptions: instrumentations write one and the same with its module or without.

/** `common.LedgerError`, `Net::ReadTimeout`, `App\Errors\Gone`, `github.com/pay/ledger.ClosedError`. */
const QUALIFIED =
  /^[*&\\]?[\w$<>-]+(?:(?:\.|::|\/|\\)[\w$<>-]+)*(?:\.|::|\/|\\)([A-Za-z_$][\w$]*)$/;
/** Longer texts are no names. */
const MAX_NAME = 512;

/**
 * The name of an exception's type without its module: `LedgerError` of `common.LedgerError`. What is not
 * the qualified name of a type (a status, a URL, a sentence) comes back as it is.
 */
export function simpleName(type: string): string {
  if (type.length > MAX_NAME) return type;
  return QUALIFIED.exec(type)?.[1] ?? type;
}
