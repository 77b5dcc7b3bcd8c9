// Cases run again by real commands, over a real store: what each command proves, and what it leaves behind.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandRunner } from '../../../deploy/verify/command.ts';
import { InvalidInputError, NotFoundError, verify } from '../../../query/index.ts';
import { runNode } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';
import { failedAttempt, type OtlpSpan, startWorld, type World } from '../../support/world.ts';

let world: World;
let folder: string;
const agent = 'verified';
/** By error type. */
const groups: Record<string, string> = {};

const failed = (input: string, more: Record<string, string | string[]> = {}): OtlpSpan =>
  failedAttempt(agent, {
    'failure.input': input,
    'failure.disposition': 'terminal',
    ...more,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-verify-'));
  world = await startWorld();
  await world.send(
    failed('{"invoice":17,"customer":{"name":"Ann","city":"Bern"},"lines":[1,2,3]}'),
    failed('{"invoice":18}'),
    failed('{"cut":tr', { 'error.type': 'CutError', 'failure.truncated': ['failure.input'] }),
    failed('{"mail":"[redacted:email]"}', { 'error.type': 'RedactedError' }),
    failed('', { 'error.type': 'EmptyError' }),
    failedAttempt('another agent', { 'error.type': 'AnotherError' }),
  );
  for (const name of [agent, 'another agent']) {
    const { items } = await world.history.groups({ agent: name });
    for (const { error_type, fingerprint } of items) groups[error_type] = fingerprint;
  }
});
afterAll(async () => {
  await world?.end();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `code` for each case of the group. `input` is the parsed input. */
function verifyWith(code: string, type = 'TypeError', more: object = {}, timeoutMs = 20_000) {
  const read = "const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));";
  const command = [process.execPath, '-e', `${read}\n${code}`];
  const scope = { agent, groups: [groups[type]!], record: false, ...more };
  return verify(world.history, scope, commandRunner({ command, timeoutMs }));
}

/** Sends an attempt of the agent as any SDK would, marked as the environment has it. */
const sends = (attributes: Record<string, string>, isFailed = true) => `
  const text = (value) => ({ stringValue: value });
  const pairs = (object) => Object.entries(object).map(([key, value]) => ({ key, value: text(value) }));
  const [, mark] = process.env.OTEL_RESOURCE_ATTRIBUTES.match(/faultline\\.replay=([^,]*)/);
  await fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/traces', {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource: { attributes: pairs({ 'service.name': 's', 'faultline.replay': mark }) },
      scopeSpans: [{ scope: { name: 't' }, spans: [{ traceId: '${'ab'.repeat(16)}', spanId: '${'cd'.repeat(8)}', name: 'execute_node parse', kind: 1,
        startTimeUnixNano: Date.now() + '000000', endTimeUnixNano: Date.now() + '000000',
        attributes: pairs(${JSON.stringify({
          'gen_ai.agent.id': agent,
          'graph.id': 'g',
          'graph.run.id': 'again',
          'graph.node.id': 'parse',
          ...attributes,
        })}),
        status: ${isFailed ? "{ code: 2, message: 'failed' }" : '{}'} }] }] }] }),
  });`;
const asBefore = {
  'error.type': 'TypeError',
  'exception.type': 'TypeError',
  'exception.message': 'cannot read total of invoice 99',
  'failure.disposition': 'terminal',
};
const results = ({ items }: Awaited<ReturnType<typeof verify>>) =>
  items.map(({ result, basis }) => [result, basis]);

describe('a command without spans', () => {
  it('is judged by its exit code and the error that it prints', async () => {
    const fixed = await verifyWith('');
    expect(fixed).toMatchObject({ ok: true, counts: { fixed: 2, still_failing: 0 } });
    const same = await verifyWith('input.invoice === 17 && process.exit(1)');
    expect(results(same).sort()).toEqual([
      ['fixed', 'exit_code'],
      ['still_failing', 'exit_code'],
    ]);
    const other = await verifyWith("throw new RangeError('no such month')");
    expect(other.items[0]).toMatchObject({
      result: 'other_failure',
      error_type: 'RangeError',
      error_message: 'no such month',
    });
    expect((await verifyWith("throw new TypeError('still')")).items[0]).toMatchObject({
      result: 'still_failing',
      error_message: 'still',
    });
    expect((await verifyWith("process.kill(process.pid, 'SIGSEGV')")).items[0]).toMatchObject({
      result: 'still_failing',
      error_message: 'the command was ended by SIGSEGV',
    });
  });

  it('runs inputs of resolved groups as well where that is wanted', async () => {
    await world.send(failed('{"old":1}', { 'error.type': 'EndedError' }));
    const { items } = await world.history.groups({ agent });
    const { fingerprint } = items.find(({ error_type }) => error_type === 'EndedError')!;
    await world.history.changeGroup(fingerprint, { kind: 'resolve', author: 'ada' });
    const again =
      "if (input.old) { class EndedError extends Error {}; throw new EndedError('again') }";
    expect((await verifyWith(again)).items).toHaveLength(2);
    const guarded = await verifyWith(again, 'TypeError', { resolved: true });
    expect(guarded.ok).toBe(false);
    expect(guarded.items.map(({ kind, result }) => [kind, result])).toEqual([
      ['case', 'fixed'],
      ['case', 'fixed'],
      ['guard', 'still_failing'],
    ]);
    expect((await verifyWith('', 'TypeError', { resolved: true })).ok).toBe(true);
  });

  it('finds node and fingerprint of the case in its environment, and may ignore its input', async () => {
    const command = [
      process.execPath,
      '-e',
      'process.exit(process.env.FAULTLINE_REPLAY_NODE === "parse" && process.env.FAULTLINE_REPLAY ? 0 : 3)',
    ];
    const run = commandRunner({ command, timeoutMs: 20_000 });
    const { ok } = await verify(
      world.history,
      { agent, groups: [groups.TypeError!], record: false },
      run,
    );
    expect(ok).toBe(true);
  });

  it('that hangs is stopped with its children', async () => {
    const file = join(folder, 'child.pid');
    const hangs = `
      const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' });
      require('fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));
      process.on('SIGTERM', () => {});
      setInterval(() => {}, 1e6);`;
    const { items } = await verifyWith(hangs, 'TypeError', { limit: 1 }, 700);
    expect(items[0]).toMatchObject({ result: 'other_failure', error_type: 'timeout' });
    await expectGone(Number(await readFile(file, 'utf8')));
  });

  it('that ends and leaves children leaves none', async () => {
    const file = join(folder, 'left.pid');
    const leaves = `
      const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' });
      require('fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));
      process.exit(0);`;
    expect(await verifyWith(leaves, 'TypeError', { limit: 1 })).toMatchObject({ ok: true });
    await expectGone(Number(await readFile(file, 'utf8')));
  });

  it('that cannot be started is refused', async () => {
    const run = commandRunner({ command: ['/no/such/program'], timeoutMs: 1000 });
    const scope = { agent, groups: [groups.TypeError!], record: false };
    await expect(verify(world.history, scope, run)).rejects.toThrow(InvalidInputError);
  });
});

/** A process that was killed is gone when its parent has taken note. */
async function expectGone(pid: number): Promise<void> {
  const state = async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    return stat === '' || / Z /.test(stat) ? 'gone' : 'runs';
  };
  await expect.poll(state).toBe('gone');
}

describe('a command with spans', () => {
  it('still fails if its failure is of the group, whatever its exit code', async () => {
    const { items } = await verifyWith(`(async () => { ${sends(asBefore)} })()`);
    expect(items[0]).toMatchObject({
      result: 'still_failing',
      basis: 'spans',
      error_message: 'cannot read total of invoice 99',
      error_fingerprint: groups.TypeError,
    });
  });

  it('is fixed where the run now survives what ended it', async () => {
    const survived = { ...asBefore, 'failure.disposition': 'recovered' };
    const { items } = await verifyWith(`(async () => { ${sends(survived)} })()`);
    expect(items[0]).toMatchObject({
      result: 'fixed',
      reason: expect.stringContaining('survived'),
    });
  });

  it('fails in another way if another failure ends it', async () => {
    const other = { ...asBefore, 'error.type': 'OtherError', 'exception.type': 'OtherError' };
    const { items } = await verifyWith(`(async () => { ${sends(other)} })()`);
    expect(items[0]).toMatchObject({ result: 'other_failure', error_type: 'OtherError' });
    const good = await verifyWith(`(async () => { ${sends({}, false)} process.exit(4) })()`);
    expect(good.items[0]).toMatchObject({
      result: 'other_failure',
      error_message: 'the command ended with code 4',
    });
    expect(results(await verifyWith(`(async () => { ${sends({}, false)} })()`))[0]).toEqual([
      'fixed',
      'spans',
    ]);
  });

  it('changes no count of production, not even if it sends to the collector itself', async () => {
    const counts =
      'SELECT (SELECT count() FROM failures) AS failures, (SELECT count() FROM node_attempts) AS attempts, (SELECT count() FROM graph_runs) AS runs';
    const before = await world.history.sql(counts);
    const direct = sends(asBefore).replace(
      'process.env.OTEL_EXPORTER_OTLP_ENDPOINT',
      JSON.stringify(world.otlpHttp),
    );
    const { items } = await verifyWith(`(async () => { ${direct} })()`, 'TypeError', { limit: 1 });
    expect(items[0]).toMatchObject({ result: 'fixed', basis: 'exit_code' });
    await world.drained();
    expect((await world.history.sql(counts)).rows).toEqual(before.rows);
  });
});

describe('cases that cannot be run', () => {
  it.each([
    ['CutError', /was cut/],
    ['RedactedError', /\[redacted:email\]/],
    ['EmptyError', /no input/],
  ])('%s: the reason is given', async (type, reason) => {
    const { items, ok, counts } = await verifyWith('process.exit(1)', type);
    expect(items).toEqual([
      expect.objectContaining({ result: 'not_run', runs: 0, interval: [0, 1] }),
    ]);
    expect(items[0]!.reason).toMatch(reason);
    expect({ ok, counts }).toMatchObject({ ok: true, counts: { not_run: 1 } });
  });

  it('are refused for what is not of the agent', async () => {
    const asked = (scope: object) => verifyWith('', 'TypeError', scope);
    await expect(asked({ groups: [groups.AnotherError] })).rejects.toMatchObject({
      constructor: InvalidInputError,
      field: 'group',
    });
    await expect(asked({ groups: [`v1:${'0'.repeat(32)}`] })).rejects.toThrow(NotFoundError);
    await expect(asked({ evolution: 'no such evolution' })).rejects.toThrow(NotFoundError);
    await expect(asked({ agent: 'nobody', groups: [] })).rejects.toThrow(NotFoundError);
    await expect(asked({ limit: 0 })).rejects.toMatchObject({ field: 'limit' });
    await expect(asked({ repeat: 0 })).rejects.toMatchObject({ field: 'repeat' });
    await expect(asked({ good: ['{'] })).rejects.toMatchObject({ field: 'good' });
    const { evolution_id } = await world.history.recordEvolution({
      agent_id: agent,
      resolution: 'tidied up',
      status: 'proposed',
    });
    await expect(asked({ groups: [], evolution: evolution_id })).rejects.toMatchObject({
      constructor: InvalidInputError,
      field: 'evolution',
    });
  });
});

describe('what is flaky', () => {
  it('is run often, with the exact interval of its share', async () => {
    const file = join(folder, 'turns');
    const everySecond = `
      const fs = require('fs'); fs.appendFileSync(${JSON.stringify(file)}, '.');
      process.exit(fs.statSync(${JSON.stringify(file)}).size % 2)`;
    const { items } = await verifyWith(everySecond, 'TypeError', { limit: 1, repeat: 6 });
    expect(items[0]).toMatchObject({ result: 'still_failing', runs: 6, failed_runs: 3 });
    // R: binom.test(3, 6)
    const [low, high] = items[0]!.interval;
    expect(low).toBeCloseTo(0.1181, 4);
    expect(high).toBeCloseTo(0.8819, 4);
  });
});

describe('the verb verify', () => {
  const run = (...args: string[]) =>
    runNode([...faultline, 'verify', '--url', world.query, ...args]);
  const onlyShort =
    "JSON.parse(require('fs').readFileSync(0, 'utf8')).lines?.includes(2) && process.exit(1)";

  it('exits with 1, names what fails, shrinks it, and stores the results with the evolution', async () => {
    const { evolution_id } = await world.history.recordEvolution({
      agent_id: agent,
      resolution: 'checks <the> total & goes on',
      target_fingerprints: [groups.TypeError!],
    });
    const junit = join(folder, 'verify.xml');
    const { code, stdout } = await run(
      ...['--agent', agent, '--evolution', evolution_id, '--junit', junit, '--shrink'],
      ...['--', process.execPath, '-e', onlyShort],
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/STILL FAILING parse [0-9a-f-]{36}/);
    expect(stdout).toMatch(/smallest part that still fails \(\d+ runs\): \{"lines":\[2\]\}/);
    expect(stdout).toContain('1 fixed, 1 still failing\n');
    const xml = await readFile(junit, 'utf8');
    expect(xml).toMatch(/<testsuite name="faultline verify verified" tests="2" failures="1"/);
    expect(xml).toMatch(/<failure type="still_failing"[^>]*>\{&quot;/);
    const { items } = await world.client.verifications({ evolution: evolution_id });
    expect(items.map(({ result }) => result).sort()).toEqual(['fixed', 'still_failing']);
    expect(items[0]).toMatchObject({ agent_id: agent, fingerprint: groups.TypeError, runs: 1 });
    const { verified } = await world.client.effects(evolution_id);
    expect(verified).toMatchObject({ fixed: 1, still_failing: 1, other_failure: 0, not_run: 0 });
    const { markdown } = await world.client.brief(agent);
    expect(markdown).toContain('run on its cases before it shipped: 1 fixed, 1 still failing');
  });

  it('exits with 0 when nothing fails, and with 2 for what it was called with', async () => {
    const good = ['--agent', agent, '--group', groups.TypeError!, '--json'];
    const { code, stdout } = await run(...good, '--', process.execPath, '-e', '');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, ok: true });
    const wrong = await run(...good, '--timeout', 'soon', '--', process.execPath, '-e', '');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/timeout/) });
    expect(await run(...good, '--', '/no/such/program')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/command: cannot be started/),
    });
  });
});
