// The invoice agent as it was first written: every invoice is parsed.
import { END, START, StateGraph } from '@langchain/langgraph';
import {
  InvoiceState,
  parseInvoice,
  postLedger,
  ratesService,
  receive,
  transientRetry,
} from './nodes.js';

export function buildGraph() {
  return new StateGraph(InvoiceState)
    .addNode('receive', receive)
    .addNode('fetch_rates', ratesService(), { retryPolicy: transientRetry })
    .addNode('parse_invoice', parseInvoice)
    .addNode('post_ledger', postLedger)
    .addEdge(START, 'receive')
    .addEdge('receive', 'fetch_rates')
    .addEdge('fetch_rates', 'parse_invoice')
    .addEdge('parse_invoice', 'post_ledger')
    .addEdge('post_ledger', END)
    .compile({ name: 'invoice-agent' });
}
