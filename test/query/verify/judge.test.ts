// What replays prove, the smallest failing input, and the JUnit file: pure.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { junitOf } from '../../../deploy/verify/junit.ts';
import { type FailureCase, shrink, type Verified } from '../../../query/index.ts';
import { judge } from '../../../query/verify/judge.ts';
import type { Replay } from '../../../query/verify/replay.ts';

const group = new Set(['v1:a', 'v1:b']);
const caseOf = (over: Partial<FailureCase> = {}) =>
  ({
    error_type: 'TypeError',
    class: 'code.error',
    disposition: 'terminal',
    ...over,
  }) as FailureCase;
const failure = (fingerprint: string, disposition: string, level = 'node') => ({
  fingerprint,
  disposition,
  level,
  error_type: 'E',
  error_message: 'm',
});
const sent = (failures: ReturnType<typeof failure>[], outcomes = ['failure'], exitCode = 0) =>
  ({ exitCode, spans: { failures, outcomes, ref: '' } }) satisfies Replay;

describe('spans', () => {
  it.each([
    ['the same failure', sent([failure('v1:a', 'terminal')]), caseOf(), 'still_failing'],
    ['another of the group', sent([failure('v1:b', 'terminal')]), caseOf(), 'still_failing'],
    [
      'one that is survived now',
      sent([failure('v1:a', 'recovered')], ['success']),
      caseOf(),
      'fixed',
    ],
    [
      'one that was survived before too',
      sent([failure('v1:a', 'recovered')], ['success']),
      caseOf({ disposition: 'retried' }),
      'still_failing',
    ],
    ['another that ends the run', sent([failure('v1:x', 'terminal')]), caseOf(), 'other_failure'],
    ['another that is survived', sent([failure('v1:x', 'routed')], ['success']), caseOf(), 'fixed'],
    [
      'a call that failed in a good run',
      sent([failure('v1:x', '', 'operation')], ['success']),
      caseOf(),
      'fixed',
    ],
    ['a run that failed without a failure', sent([], ['failure']), caseOf(), 'other_failure'],
    ['a good run of a command that failed', sent([], ['success'], 2), caseOf(), 'other_failure'],
    ['a good run', sent([], ['success']), caseOf(), 'fixed'],
    [
      'the group itself in a good input',
      sent([failure('v1:a', 'terminal')]),
      undefined,
      'other_failure',
    ],
  ])('%s', (_what, replay, failed, result) => {
    const members = failed === undefined ? new Set<string>() : group;
    expect(judge(replay, failed, members)).toMatchObject({ result, basis: 'spans' });
  });
});

describe('an exit code', () => {
  it.each([
    ['0', { exitCode: 0 }, 'fixed'],
    ['1 with nothing printed', { exitCode: 1 }, 'still_failing'],
    ['1 with the same error', { exitCode: 1, stderr: 'app.TypeError: x' }, 'still_failing'],
    [
      '1 with the same among others',
      { exitCode: 1, stderr: 'TypeError: x\nDuring handling:\nKeyError: x\n' },
      'still_failing',
    ],
    ['1 with another error', { exitCode: 1, stderr: '  at f\nValueError: x' }, 'other_failure'],
    ['none: too late', { exitCode: null, signal: 'SIGTERM', timedOut: true }, 'other_failure'],
  ])('%s', (_what, replay, result) => {
    expect(judge(replay, caseOf(), group)).toMatchObject({ basis: 'exit_code', result });
  });

  it('too late again is the failure of a time limit', () => {
    const replay = { exitCode: null, timedOut: true };
    expect(judge(replay, caseOf({ class: 'llm.timeout' }), group).result).toBe('still_failing');
  });
});

describe('the smallest failing input', () => {
  it('has only what is needed', async () => {
    const whole = {
      invoice: 17,
      lines: [
        { sku: 'a', price: 1 },
        { sku: 'b', price: null },
        { sku: 'c', price: 3 },
      ],
      note: 'long text with a Zürich in it',
    };
    const byLine = await shrink(JSON.stringify(whole), async (input) =>
      (JSON.parse(input).lines ?? []).some((line: { price?: unknown }) => line.price === null),
    );
    expect(byLine).toMatchObject({ input: '{"lines":[{"price":null}]}', isCut: false });
    const byLetter = await shrink(JSON.stringify(whole), async (input) =>
      String(JSON.parse(input).note).includes('ü'),
    );
    expect(byLetter.input).toBe('{"note":"ü"}');
  });

  it('always fails, is never longer, and takes no more runs than it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.nat(60), async (input, most) => {
        const text = JSON.stringify(JSON.parse(input));
        const fails = (part: string) => [...part].filter((c) => c === '1' || c === '[').length >= 2;
        if (!fails(text)) return;
        let runs = 0;
        const shrunk = await shrink(
          text,
          async (part) => {
            runs++;
            return fails(part);
          },
          most,
        );
        expect(fails(shrunk.input)).toBe(true);
        expect(shrunk.input.length).toBeLessThanOrEqual(text.length);
        expect(runs).toBe(shrunk.runs);
        expect(runs).toBeLessThanOrEqual(most);
      }),
    );
  });
});

it('the JUnit file holds any text', () => {
  const item = {
    ...{
      kind: 'case',
      node_id: 'a"<b>',
      failure_id: 'f',
      fingerprint: 'v1:a',
      runs: 2,
      failed_runs: 1,
    },
    ...{
      result: 'still_failing',
      error_type: 'E',
      error_message: '\u0000\u001b]0;x\u0007 ]]> & \ud800\n',
    },
    input: '<script>',
  };
  const counts = { fixed: 0, still_failing: 1, other_failure: 0, not_run: 0 };
  const xml = junitOf({ agent_id: 'a&b', counts, items: [item] } as unknown as Verified, 1.5);
  expect(xml).toContain('name="faultline verify a&amp;b" tests="1" failures="1"');
  expect(xml).toContain('message="still_failing in 1 of 2 runs: E: ��]0;x� ]]&gt; &amp; �&#10;"');
  expect(xml).toContain('>&lt;script&gt;</failure>');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff]/);
});
