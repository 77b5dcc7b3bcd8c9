// Fuzzes in a process of its own, so that a hang can be seen from outside: `<cases> <seed>`. Prints a
// line after each part that held.
import { fuzz } from './fuzz.ts';

const PART = 2000;
const [cases, seed] = process.argv.slice(2).map(Number) as [number, number];

for (let done = 0; done < cases; ) {
  const part = Math.min(PART, cases - done);
  fuzz(part, seed + done);
  done += part;
  console.log(part);
}
