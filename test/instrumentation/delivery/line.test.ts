// What waits in line, against a plain list.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Line } from '../../../instrumentation/delivery/line.ts';

test('any use of it', () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ shift: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ unshift: fc.integer({ min: 0, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.nat(5), fc.array(step, { maxLength: 12 }), (first, steps) => {
      let made = 0;
      const some = (count: number) => Array.from({ length: count }, () => ++made);
      const list = some(first);
      const line = new Line(list);
      for (const { push = 0, shift = 0, unshift } of steps as Record<string, number>[]) {
        for (const item of some(push)) {
          line.push(item);
          list.push(item);
        }
        const left = Array.from({ length: shift }, () => line.shift());
        expect(left.filter((item) => item !== undefined)).toEqual(list.splice(0, shift));
        if (unshift !== undefined) {
          const back = some(unshift);
          line.unshift(back);
          list.unshift(...back);
        }
        expect([line.length, line.next]).toEqual([list.length, list[0]]);
      }
      expect(Array.from({ length: line.length }, () => line.shift())).toEqual(list);
      expect(line.shift()).toBeUndefined();
    }),
  );
});
