// Runs the sample invoices through the agent: `node app.js [--graph ./graph-v2.js]`.
// Exits 0 if all went through and 1 if any failed.
import { parseArgs } from 'node:util';
import { invoices } from './invoices.js';

const { values } = parseArgs({
  options: { graph: { type: 'string', default: './graph-v1.js' } },
});
const { buildGraph } = await import(new URL(values.graph, import.meta.url).href);
const graph = buildGraph();

let failed = 0;
for (const invoice of invoices) {
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
