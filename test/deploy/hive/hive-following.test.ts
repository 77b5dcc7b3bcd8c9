// Following Hive's files: live, over restarts, and when a file is cut, rotated, half-written or rubbish.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { watchHive } from '../../../deploy/hive/index.ts';
import { Receiver } from '../../instrumentation/receiver.ts';
import {
  EventWriter,
  graphFile,
  identities,
  newFolder,
  recorded,
  story,
  watchOnce,
} from './hive-records.ts';

const newState = () => join(newFolder(), 'state.json');

function dumpOf(dir: string): { file: string; bytes: Buffer } {
  const folder = join(dir, 'event_logs');
  const file = join(folder, readdirSync(folder)[0]!);
  return { file, bytes: readFileSync(file) };
}

it('goes on after a restart at any byte, and the rows are those of one reading', async () => {
  const dir = recorded('v0.6.5');
  const whole = identities((await watchOnce(dir, { graphFiles: [graphFile] })).spans);
  const { file, bytes } = dumpOf(dir);
  const stateFile = newState();
  const seen = new Set<string>();
  const sessions = join(dir, 'agents/invoice-agent/sessions');
  const later = newFolder();
  renameSync(sessions, join(later, 'sessions'));
  mkdirSync(sessions);
  const parts = 9;
  for (let part = 1; part <= parts; part += 1) {
    const written = bytes.subarray(0, Math.floor((bytes.length * part) / parts));
    writeFileSync(file, written);
    // A session has logs once its first event is out.
    for (const session of readdirSync(join(later, 'sessions'))) {
      if (!written.includes(session)) continue;
      renameSync(join(later, 'sessions', session), join(sessions, session));
    }
    const { spans } = await watchOnce(dir, { graphFiles: [graphFile], stateFile });
    for (const identity of identities(spans)) seen.add(identity);
  }
  expect([...seen].sort()).toEqual(whole);
});

it('sends nothing again when nothing is new, and the same rows when its state is lost', async () => {
  const dir = recorded('v0.9.0');
  const stateFile = newState();
  const first = await watchOnce(dir, { stateFile });
  const second = await watchOnce(dir, { stateFile });
  expect(first.spans.length).toBeGreaterThan(20);
  expect(second.taken).toBe(0);
  rmSync(stateFile);
  const third = await watchOnce(dir, { stateFile });
  expect(identities(third.spans)).toEqual(identities(first.spans));
  writeFileSync(stateFile, '{"version": 9');
  const fourth = await watchOnce(dir, { stateFile });
  expect(identities(fourth.spans)).toEqual(identities(first.spans));
  expect(fourth.said).toHaveLength(1);
});

it('keeps an open run at the version of the graph that it began with', async () => {
  const dir = newFolder();
  const graph = join(newFolder(), 'graph.json');
  copyFileSync(graphFile, graph);
  const stateFile = newState();
  const events = new EventWriter(dir);
  events.write('execution_started');
  events.write('node_loop_started', { node_id: 'write', data: { max_iterations: 3 } });
  const first = await watchOnce(dir, { graphFiles: [graph], stateFile });
  writeFileSync(graph, readFileSync(graph, 'utf8').replaceAll('manual', 'by_hand'));
  events.write('execution_completed');
  events.write('execution_started', { execution_id: 'session_b' });
  const second = await watchOnce(dir, { graphFiles: [graph], stateFile });
  const refs = (id: string) =>
    [...first.spans, ...second.spans]
      .filter(({ attributes }) => attributes['gen_ai.conversation.id'] === id)
      .map(({ attributes }) => attributes['graph.snapshot.ref']);
  expect(new Set(refs('session_a')).size).toBe(1);
  expect(new Set([...refs('session_a'), ...refs('session_b')]).size).toBe(2);
});

it('reports a run that ended inside a longer one once', async () => {
  const dir = newFolder();
  const stateFile = newState();
  const events = new EventWriter(dir);
  events.write('execution_started');
  events.write('execution_started', { execution_id: 'session_b' });
  events.write('execution_completed', { execution_id: 'session_b' });
  await watchOnce(dir, { stateFile });
  events.write('execution_completed');
  const { spans, taken } = await watchOnce(dir, { stateFile });
  expect(story(spans, 'session_b')).toEqual([]);
  expect(story(spans, 'session_a')).toEqual(['start_graph', 'execute_graph success']);
  expect(taken).toBe(2);
});

it('stays with the logs of a session that it reported from its logs', async () => {
  const dir = recorded('v0.6.5');
  const { file, bytes } = dumpOf(dir);
  const stateFile = newState();
  rmSync(file);
  const first = await watchOnce(dir, { stateFile });
  writeFileSync(file, bytes);
  const second = await watchOnce(dir, { stateFile });
  expect(first.spans.length).toBeGreaterThan(20);
  expect(second.taken).toBe(0);
});

it('reports the same events of two files once', async () => {
  const dir = recorded('v0.6.5');
  const before = await watchOnce(dir);
  const { file } = dumpOf(dir);
  copyFileSync(file, join(dir, 'agents', 'events.jsonl'));
  const after = await watchOnce(dir);
  expect(after.taken).toBe(before.taken);
});

it('follows live, and ends when it is told to', async () => {
  const dir = newFolder();
  const receiver = new Receiver();
  const url = await receiver.start();
  const ending = new AbortController();
  const watching = watchHive({
    dir,
    endpoint: { url: `${url}/v1/traces`, headers: {} },
    stateFile: newState(),
    intervalMs: 20,
    say: () => {},
    signal: ending.signal,
  });
  const names = () => receiver.spans.map(({ name }) => name);
  const events = new EventWriter(join(dir, 'event_logs'));
  events.write('execution_started');
  await expect.poll(names).toEqual(['start_graph ledger']);
  events.write('node_loop_started', { node_id: 'fetch', data: { max_iterations: 3 } });
  const line = events.line('worker_failed', { node_id: 'fetch', data: { error: 'no rates' } });
  appendFileSync(events.file, line.slice(0, 40));
  await expect.poll(() => existsSync(events.file)).toBe(true);
  appendFileSync(events.file, line.slice(40));
  events.write('execution_failed', { data: { error: 'fetch: failed after 1 attempts: no rates' } });
  await expect
    .poll(() => story(receiver.spans, 'session_a'))
    .toEqual([
      'start_graph',
      'execute_node fetch 1 1 NodeFailed terminal',
      'execute_graph failure follows',
    ]);
  ending.abort();
  expect(await watching).toEqual({ runs: 1, attempts: 1, failures: 1 });
  await receiver.stop();
});

it('says what is rubbish once a file and loses nothing else', async () => {
  const dir = newFolder();
  const events = new EventWriter(dir);
  appendFileSync(events.file, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x80, 0x0a]));
  appendFileSync(events.file, 'not json\n[1,2]\n{"version": 2, "event": "x"}\n\n');
  events.write('execution_started');
  events.write('a_type_of_tomorrow', { data: 'a text' });
  events.write('execution_failed', { timestamp: 'yesterday' });
  events.write('execution_failed', { data: { error: 'Missing tools: search' } });
  appendFileSync(events.file, '{"type": "execution_st');
  mkdirSync(join(dir, 'agents/ledger/sessions/session_20260306_120000_ab/logs'), {
    recursive: true,
  });
  const logs = join(dir, 'agents/ledger/sessions/session_20260306_120000_ab/logs');
  writeFileSync(join(logs, 'summary.json'), '{"run_id": "session_20260306_120000_ab", "sta');
  const detail = { node_id: 'fetch', success: false, error: 'Node stalled', latency_ms: 'soon' };
  writeFileSync(join(logs, 'details.jsonl'), `{"node": 1}\n${JSON.stringify(detail)}\n{"node_`);
  const { spans, said } = await watchOnce(dir);
  expect(story(spans, 'session_a')).toEqual([
    'start_graph',
    'execute_graph failure MissingTools tool.not_found',
  ]);
  expect(story(spans, '_ab')).toEqual([
    'start_graph',
    'execute_node fetch 1 1 NodeStalled loop.stall',
  ]);
  const troubles = (name: string) => said.filter((line) => line.includes(name));
  expect(troubles('120000.jsonl').filter((line) => line.includes('no JSON'))).toHaveLength(1);
  expect(troubles('120000.jsonl').filter((line) => line.includes('timestamp'))).toHaveLength(1);
  expect(troubles('summary.json')).toEqual([expect.stringContaining('no JSON')]);
  expect(troubles('details.jsonl')).toEqual([
    expect.stringContaining('half a line'),
    expect.stringContaining('node_id'),
  ]);
});

it('reads a file that was cut or replaced from its start', async () => {
  const dir = newFolder();
  const stateFile = newState();
  const events = new EventWriter(dir);
  events.write('execution_started');
  events.write('execution_completed');
  await watchOnce(dir, { stateFile });
  rmSync(events.file);
  events.write('execution_started', { execution_id: 'session_b' });
  const { spans, said } = await watchOnce(dir, { stateFile });
  expect(story(spans, 'session_b')).toEqual(['start_graph']);
  expect(said).toEqual([expect.stringContaining('cut or replaced')]);
});

it('reads a file on after it was rotated', async () => {
  const dir = newFolder();
  const stateFile = newState();
  const events = new EventWriter(dir);
  events.write('execution_started');
  const first = await watchOnce(dir, { stateFile });
  events.write('execution_failed', { data: { error: 'Missing tools: search' } });
  renameSync(events.file, `${events.file}.1`);
  events.write('execution_started', { execution_id: 'session_b' });
  const second = await watchOnce(dir, { stateFile });
  expect(story(second.spans, 'session_b')).toEqual(['start_graph']);
  expect(story(second.spans, 'session_a').at(-1)).toBe(
    'execute_graph failure MissingTools tool.not_found',
  );
  expect(second.spans.map(({ spanId }) => spanId)).toContain(first.spans[0]!.spanId);
});

it('skips a line that is too long for any event', async () => {
  const dir = newFolder();
  const events = new EventWriter(dir);
  events.write('execution_started');
  appendFileSync(events.file, `"${'x'.repeat(17 * 1024 * 1024)}"\n`);
  events.write('execution_completed');
  const { spans, said } = await watchOnce(dir);
  expect(story(spans, 'session_a')).toEqual(['start_graph', 'execute_graph success']);
  expect(said).toEqual([expect.stringContaining('more than')]);
});

it('waits for a collector that does not answer, and says so once', async () => {
  const dir = newFolder();
  new EventWriter(dir).write('execution_started');
  const receiver = new Receiver();
  receiver.status = 503;
  receiver.retryAfter = '0';
  const watching = watchOnce(dir, {}, receiver);
  await expect.poll(() => receiver.requests).toBeGreaterThan(2);
  receiver.status = 200;
  const { spans, said } = await watching;
  expect(spans).toHaveLength(1);
  expect(said).toEqual([expect.stringContaining('it answered 503')]);
});

it('leaves out only the span that the collector refuses', async () => {
  const receiver = new Receiver();
  receiver.refuses = ({ name }) => name === 'execute_node manual';
  const all = (await watchOnce(recorded('v0.6.5'))).spans.length;
  const { spans, said } = await watchOnce(recorded('v0.6.5'), {}, receiver);
  expect(spans).toHaveLength(all - 1);
  expect(said).toEqual([expect.stringContaining('refused a span')]);
});

it('refuses a folder and a graph that it cannot read, by name', async () => {
  await expect(watchOnce('/no/such/folder')).rejects.toThrow('/no/such/folder');
  const graph = join(newFolder(), 'graph.json');
  writeFileSync(graph, '{"nodes": [{"name": "x"}]}');
  await expect(watchOnce(newFolder(), { graphFiles: [graph] })).rejects.toThrow(
    /graph.json.*nodes\.0\.id/,
  );
});
