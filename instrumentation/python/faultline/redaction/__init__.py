"""What must not leave the process nor reach a disk: secrets that show by their form or their key, e-mail
addresses and card numbers. The same rules, marks and counts as the collector's and the TypeScript side's."""

from faultline.redaction.redact import Redactions, Redactor, add_counts, redact

__all__ = ["Redactions", "Redactor", "add_counts", "redact"]
