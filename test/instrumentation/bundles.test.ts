// Apps that are bundled by esbuild, and what is said at their start.
import { join } from 'node:path';
import { build, type Format } from 'esbuild';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appRunner } from './app.ts';
import { buildInstrumentation } from './built.ts';
import { Receiver } from './receiver.ts';

const built = buildInstrumentation('faultline-bundles');
afterAll(() => built.remove());

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver();
  await receiver.start();
});
afterEach(() => receiver.stop());

const run = appRunner(built, () => receiver.url);
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

async function bundle(name: string, text: string, format: Format, minify = false) {
  const outfile = join(built.folder, 'bundles', `${name}.${format === 'cjs' ? 'cjs' : 'mjs'}`);
  await build({
    entryPoints: [built.write(join('bundles', `${name}.source.mjs`), text)],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    minify,
    logLevel: 'silent',
    ...(format === 'esm' && { banner: { js: REQUIRE } }),
  });
  return outfile;
}

const OWN = `
import { instrumentGraph } from '../instrumentation/index.js';
const graph = instrumentGraph({ agentId: 'bundled', graph: { id: 'g', nodes: [], edges: [] } });
function fetchRates() { throw new Error('bundled'); }
graph.run({}, (run) => run.node('fetch', { input: {} }, () => fetchRates()))
  .catch((error) => console.log(error.message));
`;
const GRAPH = `
import * as langgraph from '@langchain/langgraph';
const { Annotation, END, START, StateGraph } = langgraph;
const State = Annotation.Root({ value: Annotation() });
const graph = new StateGraph(State).addNode('bad', () => { throw new TypeError('no total'); })
  .addEdge(START, 'bad').addEdge('bad', END).compile({ name: 'bundled' });
graph.invoke({ value: 1 }).catch((error) => console.log(error.message));
`;

describe.each([
  ['cjs', false],
  ['esm', false],
  ['cjs', true],
  ['esm', true],
] as const)('a bundle of %s, minified: %s', (format, minify) => {
  test('runs, and keeps the frames of the app', async () => {
    const app = await bundle(`own-${minify}`, OWN, format, minify);
    const ended = await run(app, {}, { imports: [] });
    expect(ended).toMatchObject({ code: 0, stdout: 'bundled\n', stderr: '' });
    const [fetch] = receiver.named('execute_node fetch');
    expect(fetch!.attributes['exception.stacktrace']).toContain(app);
    if (!minify) expect(fetch!.attributes['exception.stacktrace']).toContain('at fetchRates');
  });

  test('with a framework that no hook sees says so in one line', async () => {
    const app = await bundle(`graph-${minify}`, GRAPH, format, minify);
    const ended = await run(app, { FAULTLINE_DEBUG: '' });
    expect(ended).toMatchObject({ code: 0, stdout: 'no total\n' });
    expect(ended.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^faultline: LangGraph is bundled into .*not recorded/),
    ]);
  });
});

test('a bundled framework that is handed over is recorded', async () => {
  const text = `import { LangGraphInstrumentation } from '../instrumentation/index.js';
    ${GRAPH.replace('const {', 'new LangGraphInstrumentation().manuallyInstrument(langgraph); const {')}`;
  const ended = await run(await bundle('handed-over', text, 'esm'), {}, { imports: [] });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.named('execute_node bad')[0]!.attributes['exception.type']).toBe('TypeError');
});

test('register inside a bundle says how to load it', async () => {
  const text = `import '../instrumentation/register.js'; console.log('on');`;
  const ended = await run(await bundle('register', text, 'cjs'), {}, { imports: [] });
  expect(ended).toMatchObject({ code: 0, stdout: 'on\n' });
  expect(ended.stderr).toMatch(/^faultline: could not start.*load it with node --import\n$/);
});

describe('what is said at the start', () => {
  test('is what is recorded and where it goes', async () => {
    const app = { name: 'said.mjs', text: GRAPH };
    const { stderr } = await run(app, { FAULTLINE_DEBUG: '' });
    expect(stderr).toBe(`faultline: records LangGraph 1.7.3; sends to ${receiver.url}/v1/traces\n`);
  });

  test('is nothing for an app without a framework', async () => {
    const app = { name: 'plain.mjs', text: `console.log('on')` };
    expect(await run(app, { FAULTLINE_DEBUG: '' })).toMatchObject({ stdout: 'on\n', stderr: '' });
  });

  test('is more with FAULTLINE_DEBUG', async () => {
    const app = { name: 'debug.mjs', text: `console.log('on')` };
    const { stderr } = await run(app, { FAULTLINE_DEBUG: '1' });
    expect(stderr).toContain('no framework that it knows was loaded');
  });

  test('is why a framework that was loaded first is not recorded', async () => {
    const text = `const graphs = require('@langchain/langgraph');
      import(${JSON.stringify(built.register)}).then(() => console.log(typeof graphs));`;
    const { stderr } = await run(
      { name: 'late.cjs', text },
      { FAULTLINE_DEBUG: '' },
      { imports: [] },
    );
    expect(stderr).toMatch(/^faultline: LangGraph was loaded before faultline\/register/);
  });
});
