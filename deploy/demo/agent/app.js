// Runs the sample invoices through the agent: `node app.js [--graph ./graph-v2.js] [--times 10]`.
// With --replay it runs one case instead: its input comes as JSON on standard input.
// Exits 0 if all went through and 1 if any failed.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { invoices } from './invoices.js';

const { values } = parseArgs({
  options: {
    graph: { type: 'string', default: './graph-v1.js' },
    replay: { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
  },
});
const { buildGraph } = await import(new URL(values.graph, import.meta.url).href);
const graph = buildGraph();

// What failed was a node: its input is the graph's state, and the invoice is in it.
const given = values.replay ? [JSON.parse(readFileSync(0, 'utf8')).invoice] : invoices;
const times = values.replay ? 1 : Number(values.times);
let failed = 0;
for (const invoice of given) {
  const ends = new Map();
  for (let time = 1; time <= times; time += 1) {
    const end = await endOf(invoice);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  for (const [end, count] of ends) {
    console.log(`${invoice.number}: ${end}${times === 1 ? '' : ` (${count} times)`}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;

async function endOf(invoice) {
  const config = { configurable: { thread_id: `thread-${invoice.number}` } };
  try {
    const { posted, review } = await graph.invoke({ invoice }, config);
    return posted ?? review;
  } catch (error) {
    failed += 1;
    return `failed, ${error.name}: ${error.message}`;
  }
}
