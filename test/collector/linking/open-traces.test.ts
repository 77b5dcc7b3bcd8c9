// Which traces the linker looks at, and when.
import { expect, test } from 'vitest';
import { OpenTraces } from '../../../collector/linking/open-traces.ts';

const all = (now: number) => ({ now, most: 100 });

test('a trace is taken once when it has changed, then after growing pauses', () => {
  const traces = new OpenTraces(10, 10_000);
  traces.open('a', 0);
  expect(traces.take()).toEqual(['a']);
  const looks: number[] = [];
  for (let now = 0; now <= 20_000; now += 500) {
    if (now > 0 && traces.take(all(now)).length === 0) continue;
    looks.push(now);
    traces.wait('a', now);
  }
  // It has been open for 10 s at the look of 15 s, and rests.
  expect(looks).toEqual([0, 1000, 3000, 7000, 15_000]);
  expect(traces.nextLook()).toBe(Number.POSITIVE_INFINITY);
  traces.markChanged('a');
  expect(traces.take()).toEqual(['a']);
});

test('beyond the bound the oldest goes', () => {
  const traces = new OpenTraces(2, 10_000);
  for (const id of ['a', 'b', 'a', 'c']) traces.open(id, 0);
  expect(traces.take()).toEqual(['a', 'c']);
  expect([traces.size, traces.dropped]).toEqual([2, 1]);
});

test('only open traces are marked, and what has changed meanwhile is not closed', () => {
  const traces = new OpenTraces(2, 10_000);
  traces.markChanged('a');
  expect(traces.hasChanged).toBe(false);
  traces.open('a', 0);
  traces.take();
  traces.markChanged('a');
  traces.close('a');
  expect(traces.take()).toEqual(['a']);
  traces.close('a');
  expect(traces.size).toBe(0);
});

test('what rests is taken only when it has changed', () => {
  const traces = new OpenTraces(2, 10_000);
  traces.open('a', 0);
  traces.take();
  traces.rest('a');
  expect(traces.take(all(1e12))).toEqual([]);
  traces.markChanged('a');
  expect(traces.take(all(0))).toEqual(['a']);
});
