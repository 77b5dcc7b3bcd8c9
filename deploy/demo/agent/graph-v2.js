// The evolved invoice agent: an invoice without a total goes to a person instead of the parser.
import { END, START, StateGraph } from '@langchain/langgraph';
import {
  InvoiceState,
  manualReview,
  parseInvoice,
  postLedger,
  ratesService,
  receive,
  transientRetry,
} from './nodes.js';

function isBookable(state) {
  return Number.isFinite(Number.parseFloat(state.invoice.total)) ? 'parse' : 'review';
}

export function buildGraph() {
  return new StateGraph(InvoiceState)
    .addNode('receive', receive)
    .addNode('fetch_rates', ratesService(), { retryPolicy: transientRetry })
    .addNode('parse_invoice', parseInvoice)
    .addNode('post_ledger', postLedger)
    .addNode('manual_review', manualReview)
    .addEdge(START, 'receive')
    .addEdge('receive', 'fetch_rates')
    .addConditionalEdges('fetch_rates', isBookable, {
      parse: 'parse_invoice',
      review: 'manual_review',
    })
    .addEdge('parse_invoice', 'post_ledger')
    .addEdge('post_ledger', END)
    .addEdge('manual_review', END)
    .compile({ name: 'invoice-agent' });
}
