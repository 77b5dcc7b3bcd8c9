// Lists of paths in what an executor sends: every field that has data of the app.
import { afterEach, expect, test, vi } from 'vitest';
import { agentsSnapshot } from '../../../instrumentation/frameworks/openai-agents/snapshot.ts';
import {
  defineFailureCondition,
  type FailureLog,
  instrumentGraph,
  logFailures,
  type Redactor,
  redactPaths,
} from '../../../instrumentation/index.ts';
import { Recorder } from '../recorder.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

const NAME = 'Ξανθίππη';
const GONE = '[redacted:denied]';
const customer = { name: NAME, id: 7 };

interface Given {
  readonly input?: unknown;
  readonly error?: unknown;
  readonly output?: unknown;
  readonly redact?: Redactor;
}

/** A run of a node that fails on this, or that a condition finds fault with. */
async function spansOf(given: Given, library = { instrumentGraph, defineFailureCondition }) {
  const recorder = new Recorder();
  const condition = library.defineFailureCondition({ name: 'always', when: () => ({ customer }) });
  const graph = library.instrumentGraph({
    agentId: 'agent',
    graph: { id: 'g', nodes: [{ id: 'a' }] },
    tracer: recorder.tracer,
    ...(given.redact && { redact: given.redact }),
    describe: () => ({ evidence: { customer } }),
  });
  const conditions = 'error' in given ? [] : [condition];
  const work = () => {
    if ('error' in given) throw given.error;
    return given.output;
  };
  await graph
    .run({}, (run) => {
      run.stateKeys(['customer', NAME]);
      return run.node('a', { input: given.input, conditions }, work);
    })
    .catch(() => {});
  const [span] = recorder.attempts('a');
  // All that leaves, of whatever span it is.
  const sent = JSON.stringify(
    recorder.spans.map((one) => [one.attributes, one.events, one.status]),
  );
  return { attributes: span!.attributes, span: span!, sent };
}

const deny = (...paths: string[]) => redactPaths({ deny: paths });
const json = (text: unknown) => JSON.parse(String(text));

test('input and its digest, evidence, state', async () => {
  const error = new Error('it broke', { cause: new Error('why') });
  const redact = deny('input.customer.name', 'evidence.customer', 'state.state_keys[1]');
  const { attributes, sent } = await spansOf({ input: { customer }, error, redact });
  expect(json(attributes['failure.input'])).toEqual({ customer: { name: GONE, id: 7 } });
  expect(json(attributes['failure.evidence'])).toMatchObject({ customer: GONE });
  expect(json(attributes['failure.state'])).toMatchObject({ state_keys: ['customer', GONE] });
  expect(json(attributes['failure.redactions'])).toEqual({ denied: 3 });
  expect(sent).not.toContain(NAME);
  const input = { customer: { id: 7, name: 'another' } };
  const other = await spansOf({ input, error, redact });
  expect(other.attributes['failure.input.digest']).toBe(attributes['failure.input.digest']);
});

test('without lists the attributes are those of the built-in redaction', async () => {
  const given = { input: { customer, mail: 'x@corp.com' }, error: 'it broke' };
  const plain = await spansOf(given);
  const listed = await spansOf({ ...given, redact: redactPaths({}) });
  expect(listed.attributes).toEqual({
    ...plain.attributes,
    'graph.run.id': listed.attributes['graph.run.id'],
  });
  expect(plain.sent).toContain(NAME);
});

test('a message, where its stack and the error around it repeat it', async () => {
  const cause = new Error(`no customer ${NAME}`);
  const error = new TypeError(`no order of ${NAME}`, { cause });
  const redact = deny('message', 'evidence.customer', '**.state_keys');
  const { attributes, span, sent } = await spansOf({ error, redact });
  expect(span.status.message).toBe(GONE);
  expect(attributes['exception.type']).toBe('TypeError');
  expect(attributes['exception.stacktrace']).toMatch(
    /^\[redacted:denied\]\n {4}at .*paths-executor/,
  );
  expect(json(attributes['failure.evidence']).causes).toEqual([{ type: 'Error', message: GONE }]);
  expect(sent).not.toContain(NAME);
});

test.each(['**.name', 'message[*].name', 'message.*.name'])(
  'a message that is JSON: %s',
  async (path) => {
    const message = JSON.stringify([{ name: NAME, why: 'unknown' }], null, 2);
    const error = new Error(message, { cause: new Error(message) });
    const redact = deny(path, '**.customer', '**.state_keys');
    const { attributes, sent } = await spansOf({ error, redact });
    expect(json(attributes['exception.message'])).toEqual([{ name: GONE, why: 'unknown' }]);
    expect(attributes['exception.stacktrace']).toMatch(/^\[redacted:denied\]\n {4}at /);
    expect(sent).not.toContain(NAME);
  },
);

test('a stack, with all of it', async () => {
  const { attributes } = await spansOf({ error: new Error('x'), redact: deny('stacktrace') });
  expect(attributes['exception.stacktrace']).toBe(GONE);
  expect(attributes['exception.message']).toBe('x');
});

test.each([10, 5000])('what a condition says of an output with %i lines', async (count) => {
  const output = { lines: Array(count).fill({ text: 'blue', name: NAME }), name: NAME };
  const redact = deny(
    'evidence.output.lines[*].name',
    '**.output.name',
    '**.customer.name',
    '**.state_keys',
  );
  const { attributes, sent } = await spansOf({ input: 1, output, redact });
  const { output: told } = json(attributes['failure.evidence']);
  expect(JSON.stringify(told)).toContain('blue');
  expect(sent).not.toContain(NAME);
});

test('what is allowed stays, as far as the executor is asked', async () => {
  const redact = redactPaths({ allow: ['input.contact'] });
  const input = { contact: 'shop@corp.com', other: 'anna@corp.com' };
  const { attributes } = await spansOf({ input, error: 'no', redact });
  expect(json(attributes['failure.input'])).toEqual({ ...input, other: '[redacted:email]' });
});

test('the lines for humans', async () => {
  const told: FailureLog[] = [];
  const stop = logFailures({ onFailure: (failure) => told.push(failure) });
  await spansOf({ error: new Error(NAME), redact: deny('message') });
  stop();
  expect(told.map(({ message }) => message)).toEqual([GONE]);
});

test('agents that are part of a graph', () => {
  const agent = { name: 'triage', instructions: `You work for ${NAME}.`, handoffs: [], tools: [] };
  const { body } = agentsSnapshot(agent as never, 'g', 'm', deny('graph.nodes[*].instructions'));
  expect(json(body).nodes).toMatchObject([{ id: 'triage', instructions: GONE }]);
});

/** The library as a process has it that starts with this environment. */
async function libraryWith(env: Record<string, string>) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  vi.resetModules();
  return await import('../../../instrumentation/index.ts');
}

test('lists from the environment hold for every graph, with a redactor of its own too', async () => {
  const library = await libraryWith({
    FAULTLINE_REDACT_DENY: ' input.customer["a,b"], **.name,input.x ,',
    FAULTLINE_REDACT_ALLOW: 'input.contact',
  });
  const input = { customer: { ...customer, 'a,b': 1 }, x: 2, contact: 'shop@corp.com' };
  const expected = {
    customer: { name: GONE, id: 7, 'a,b': GONE },
    x: GONE,
    contact: input.contact,
  };
  const redact: Redactor = (value) => ({ value, redactions: {} });
  for (const given of [
    { input, error: 'no' },
    { input, error: 'no', redact },
  ]) {
    const { attributes } = await spansOf(given, library);
    expect(json(attributes['failure.input'])).toEqual(expected);
  }
});

test('with a wrong path in the environment no field is sent, and it is said once', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const library = await libraryWith({ FAULTLINE_REDACT_DENY: 'customer.name' });
  const { attributes, span, sent } = await spansOf({ input: customer, error: NAME }, library);
  await spansOf({ input: customer, error: NAME }, library);
  const said = stderr.mock.calls.map(([line]) => String(line));
  stderr.mockRestore();
  expect(said).toEqual([
    expect.stringContaining('FAULTLINE_REDACT_DENY: "customer.name" must begin with one of'),
  ]);
  expect(span.status.code).toBe(2);
  expect(attributes['failure.input']).toBeUndefined();
  expect(json(attributes['failure.redactions'])).toHaveProperty('redaction_failed');
  expect(sent).not.toContain(NAME);
});
