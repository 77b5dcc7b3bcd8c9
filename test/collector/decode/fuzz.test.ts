// A short run of what `npm run test:faults -- fuzz` does for long.
import { test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('the readers take any bytes', () => {
  fuzz(2000, Math.floor(Math.random() * 2 ** 31));
});
