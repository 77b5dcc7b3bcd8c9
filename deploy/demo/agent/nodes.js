// What the nodes of the invoice agent do; both versions of the graph share them.
import { Annotation } from '@langchain/langgraph';

export const InvoiceState = Annotation.Root({
  invoice: Annotation(),
  rates: Annotation(),
  entry: Annotation(),
  review: Annotation(),
  posted: Annotation(),
});

/** A connection that the other side closed: it works when tried again. */
class RatesUnavailableError extends Error {
  constructor(cause) {
    super('The rates service closed the connection before it answered', { cause });
    this.name = 'RatesUnavailableError';
    this.code = 'ECONNRESET';
  }
}

/** The invoice is not what the ledger can book. */
class InvoiceValidationError extends TypeError {
  constructor(message, invoice) {
    super(message);
    this.name = 'InvoiceValidationError';
    this.invoice = invoice.number;
  }
}

export const transientRetry = {
  initialInterval: 20,
  maxInterval: 40,
  maxAttempts: 3,
  jitter: false,
  logWarning: false,
};

export function receive(state) {
  return { invoice: { ...state.invoice, receivedAt: '2026-11-22T09:00:00.000Z' } };
}

/** Stands for a rates service whose first connection for an invoice is always stale. */
export function ratesService() {
  const warm = new Set();
  return async function fetchRates(state) {
    const { number } = state.invoice;
    if (!warm.has(number)) {
      warm.add(number);
      throw new RatesUnavailableError(new Error('read ECONNRESET 10.20.0.14:8443'));
    }
    return { rates: { EUR: 1, USD: 0.92, GBP: 1.17 } };
  };
}

export function parseInvoice(state) {
  const { invoice, rates } = state;
  const total = Number.parseFloat(invoice.total);
  if (Number.isNaN(total)) {
    throw new InvoiceValidationError(
      `Invoice ${invoice.number} has no total: cannot compute the ledger entry`,
      invoice,
    );
  }
  return {
    entry: { number: invoice.number, amountEur: Math.round(total * rates[invoice.currency] * 100) },
  };
}

export function postLedger(state) {
  return { posted: `${state.entry.number} booked with ${state.entry.amountEur} cents` };
}

/** Takes what the ledger cannot book and leaves it to a person. */
export function manualReview(state) {
  return { review: `${state.invoice.number} waits for a person: it has no total` };
}
