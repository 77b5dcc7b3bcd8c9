// Work that is done again and again: one at a time, resting for others, ending with its close.
import { expect, it } from 'vitest';
import { PeriodicTask } from '../../../collector/serving/periodic-task.ts';

/** A promise, and how to resolve it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

it('works again and again, and reports the first failure of several', async () => {
  const failures: [string, boolean][] = [];
  let times = 0;
  const done = gate();
  const task = new PeriodicTask({
    everyMs: 1,
    firstMs: 0,
    work: async () => {
      times++;
      if (times === 6) done.open();
      if (times === 2 || times === 3 || times === 5) throw new Error(`time ${times}`);
    },
    failed: (reason, isFirst) => failures.push([reason, isFirst]),
  });
  await done.opened;
  await task.close();
  expect(failures).toEqual([
    ['time 2', true],
    ['time 3', false],
    ['time 5', true],
  ]);
});

it('closes when the work under way has ended, whose failure is not reported then', async () => {
  const begun = gate();
  const failures: string[] = [];
  let times = 0;
  const task = new PeriodicTask({
    everyMs: 1,
    work: async () => {
      times++;
      begun.open();
      await new Promise((_, reject) => {
        task.closing.addEventListener('abort', () => reject(new Error('aborted')));
      });
    },
    failed: (reason) => failures.push(reason),
  });
  await begun.opened;
  task.startIn(0);
  await task.close();
  expect([times, failures]).toEqual([1, []]);
});

it('rests while others work, and goes on afterwards', async () => {
  const [begun, end, again] = [gate(), gate(), gate()];
  const seen: string[] = [];
  const task = new PeriodicTask({
    everyMs: 1,
    work: async () => {
      seen.push('work');
      if (seen.length > 1) return again.open();
      begun.open();
      await end.opened;
    },
    failed: () => {},
  });
  await begun.opened;
  const other = task.without(async () => {
    task.startIn(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    seen.push('other');
  });
  end.open();
  await other;
  await again.opened;
  await task.close();
  expect(seen.slice(0, 3)).toEqual(['work', 'other', 'work']);
});

it('never works where it is off', async () => {
  let times = 0;
  const task = new PeriodicTask({
    everyMs: 0,
    work: async () => {
      times++;
    },
    failed: () => {},
  });
  await task.without(async () => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  await task.close();
  expect(times).toBe(0);
});
