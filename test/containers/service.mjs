// A Faultline that runs somewhere, seen from outside: what an agent and its operator do with it.
import { createClient } from '../../dist/query/index.js';
import { TOKENS, until } from './machine.mjs';

const bearer = (name) => ({ authorization: `Bearer ${TOKENS[name]}` });

export class Service {
  #collector;
  #query;
  #history;

  /** @param query ports of the query services on this machine */
  constructor({ collector = 4318, query = [4320] } = {}) {
    this.#collector = `http://127.0.0.1:${collector}`;
    this.#query = query.map((port) => `http://127.0.0.1:${port}`);
    const token = TOKENS.FAULTLINE_QUERY_TOKEN;
    this.#history = this.#query.map((url) => createClient({ url, token, fresh: true }));
  }

  async ready() {
    for (const url of [this.#collector, ...this.#query]) {
      await until(`${url} is ready`, async () => (await fetch(`${url}/readyz`)).ok);
    }
  }

  /** Sends failed attempts until they are taken, as an exporter would. */
  async send(agent, count) {
    const spans = Array.from({ length: count }, (_, index) => failedAttempt(agent, index + 1));
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const headers = { 'content-type': 'application/json', ...bearer('FAULTLINE_INGEST_TOKEN') };
    await until('the collector takes it', async () => {
      const options = { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) };
      return (await fetch(`${this.#collector}/v1/traces`, options)).ok;
    });
  }

  /** Each query service has so many failures of the agent. */
  async has(agent, count) {
    const query = `SELECT count() AS n FROM failures FINAL WHERE agent_id = '${agent}'`;
    for (const history of this.#history) {
      let seen;
      await until(`${count} failures of ${agent} are there`, async () => {
        seen = Number((await history.sql(query)).rows[0].n);
        return seen >= count;
      });
      if (seen !== count) throw new Error(`${seen} failures of ${agent} instead of ${count}`);
    }
  }

  /** Text of the brief for the agent. */
  async brief(agent) {
    return JSON.stringify(await this.#history[0].brief(agent));
  }

  /** Status without a token, and with one. */
  async doors() {
    const url = `${this.#query[0]}/api/v1/failures`;
    const tried = [{}, bearer('FAULTLINE_QUERY_TOKEN')].map((headers) => fetch(url, { headers }));
    return (await Promise.all(tried)).map(({ status }) => status).join();
  }

  async close() {
    await Promise.all(this.#history.map((history) => history.close()));
  }
}

export function expect(what, wanted, got) {
  if (wanted !== got) throw new Error(`${what}: expected ${wanted}, got ${got}`);
  console.log(`  ok  ${what}: ${got}`);
}

export async function counted(service, agent, count, when) {
  await service.has(agent, count);
  console.log(`  ok  failures ${when}: ${count}`);
}

let traces = 0;

function failedAttempt(agent, attempt) {
  const now = `${Date.now()}000000`;
  const text = (key, stringValue) => ({ key, value: { stringValue } });
  const id = (++traces).toString(16).padStart(16, '0');
  return {
    traceId: `${process.pid.toString(16).padStart(16, 'f')}${id}`,
    spanId: id,
    name: 'execute_node parse',
    kind: 1,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    status: { code: 2, message: 'the total is missing' },
    attributes: [
      text('gen_ai.agent.id', agent),
      text('graph.id', 'invoices'),
      text('graph.run.id', `${agent}-${id}`),
      text('graph.node.id', 'parse'),
      { key: 'graph.node.attempt', value: { intValue: String(attempt) } },
      text('error.type', 'ValueError'),
    ],
  };
}
