// Runs the sample invoices through the agent: `node app.js [--graph ./graph-v2.js]`.
// With --replay it runs one case instead: its input comes as JSON on standard input.
// Exits 0 if all went through and 1 if any failed.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { invoices } from './invoices.js';

const { values } = parseArgs({
  options: {
    graph: { type: 'string', default: './graph-v1.js' },
    replay: { type: 'boolean', default: false },
  },
});
const { buildGraph } = await import(new URL(values.graph, import.meta.url).href);
const graph = buildGraph();

// What failed was a node: its input is the graph's state, and the invoice is in it.
const given = values.replay ? [JSON.parse(readFileSync(0, 'utf8')).invoice] : invoices;
let failed = 0;
for (const invoice of given) {
  const config = { configurable: { thread_id: `thread-${invoice.number}` } };
  try {
    const { posted, review } = await graph.invoke({ invoice }, config);
    console.log(`${invoice.number}: ${posted ?? review}`);
  } catch (error) {
    failed += 1;
    console.log(`${invoice.number}: failed, ${error.name}: ${error.message}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
