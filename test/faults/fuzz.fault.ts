import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Fault } from './fault.ts';

/** A million takes minutes. */
const CASES = Number(process.env.FAULTLINE_FUZZ_CASES ?? 100_000);
const PROCESSES = 2;
/** Milliseconds without a word after which a process hangs. */
const SILENCE_MS = 120_000;

const program = fileURLToPath(new URL('../collector/decode/fuzz-process.ts', import.meta.url));

export const fault: Fault = {
  name: 'fuzzing of the readers',
  run: async (world) => {
    let held = 0;
    const step = CASES / 10;
    const each = Math.ceil(CASES / PROCESSES);
    const runs = Array.from({ length: PROCESSES }, () =>
      fuzz(each, world.random.int(0, 2 ** 30), (cases) => {
        const before = Math.floor(held / step);
        held += cases;
        if (Math.floor(held / step) > before) world.say(`${held} of ${CASES} cases`);
      }),
    );
    await Promise.all(runs);
    return {
      acknowledged: 0,
      found: 0,
      lost: 0,
      doubled: 0,
      note: `${held} cases held: no crash, no hang, nothing that a full decode would not give`,
    };
  },
};

/** @throws with the case that does not hold, or when the process hangs */
async function fuzz(cases: number, seed: number, held: (cases: number) => void): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, String(cases), String(seed)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-8192);
  });
  let hangs = false;
  const silence = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, SILENCE_MS);
  createInterface({ input: child.stdout }).on('line', (line) => {
    silence.refresh();
    held(Number(line));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(silence);
  if (hangs) throw new Error(`a reader hangs (seed ${seed})`);
  if (code !== 0) throw new Error(`seed ${seed}: ${said}`);
}
