// The spool's files: what they hold after any end, who may take them, and how large they get.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { headOf, MAGIC, readFrames } from '../../../instrumentation/delivery/spool/frames.ts';
import {
  isDead,
  nameFor,
  ownerOfName,
  SILENCE_MS,
  thisOwner,
} from '../../../instrumentation/delivery/spool/owner.ts';
import { makePrivate, spoolPlace } from '../../../instrumentation/delivery/spool/place.ts';
import { Spool } from '../../../instrumentation/delivery/spool/spool.ts';
import { buildInstrumentation } from '../built.ts';

const run = promisify(execFile);
const built = buildInstrumentation('faultline-spool');
afterAll(() => built.remove());

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'faultline-spool-test-'));
  folder = join(base, 'service');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const bytes = (text: string) => [Buffer.from(text)];
const files = () =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.spool'),
  );
const texts = (payloads: readonly Buffer[]) => payloads.map(String);
const dead = () => ({ ...thisOwner(), pid: 2 ** 22 + 1, started: '17' });

/** What a dead process left. */
function leave(owner = dead(), frames = ['one', 'two'], segmentBytes = 1): string {
  const spool = new Spool({ folder, segmentBytes });
  for (const frame of frames) spool.write(bytes(frame), true);
  const [home] = readdirSync(folder).filter((name) => ownerOfName(name)?.pid === process.pid);
  const left = join(folder, nameFor(owner));
  // Moved away, as if another had made it; the spool that wrote it is forgotten.
  mkdirSync(left, { mode: 0o700 });
  for (const name of readdirSync(join(folder, home!))) {
    writeFileSync(join(left, name), readFileSync(join(folder, home!, name)));
  }
  rmSync(join(folder, home!), { recursive: true });
  return left;
}

function readAll(spool: Spool): string[] {
  const all: string[] = [];
  for (let next = spool.readNext(); next; next = spool.readNext()) {
    all.push(...texts(next.payloads));
    for (const _ of next.payloads) spool.acknowledge(next.segment);
  }
  return all;
}

describe('frames', () => {
  const inParts = (payload: Uint8Array) => [payload.subarray(0, 3), payload.subarray(3)];
  const fileOf = (payloads: readonly Uint8Array[]) =>
    Buffer.concat([MAGIC, ...payloads.flatMap((payload) => [headOf(inParts(payload)), payload])]);

  test('of any bytes, cut anywhere, give the whole ones before the cut', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.nat(), (given, at) => {
        const file = fileOf(given);
        const cut = file.subarray(0, at % (file.length + 1));
        const found = readFrames(cut).payloads;
        expect(found.map((b) => b.toString('hex'))).toEqual(
          given.slice(0, found.length).map((b) => Buffer.from(b).toString('hex')),
        );
        const whole = fileOf(given.slice(0, found.length + 1));
        expect(cut.length < whole.length || found.length === given.length).toBe(true);
      }),
    );
  });

  test('a damaged byte ends the reading there', () => {
    const file = fileOf([...bytes('one'), ...bytes('two'), ...bytes('three')]);
    const at = file.indexOf('two');
    file[at] = 0x21;
    expect(texts(readFrames(file).payloads)).toEqual(['one']);
    expect(readFrames(Buffer.from('something else'))).toEqual({ payloads: [], cut: 14 });
  });
});

describe('a spool', () => {
  test('has the frame on disk when write returns, for its owner only', () => {
    const spool = new Spool({ folder });
    spool.write(bytes('one'), true);
    const [file] = files();
    expect(texts(readFrames(readFileSync(join(folder, file!))).payloads)).toEqual(['one']);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect(mode(join(folder, file!))).toBe(0o600);
    expect(mode(folder)).toBe(0o700);
    expect(mode(join(folder, file!, '..'))).toBe(0o700);
    spool.close();
  });

  test('is empty when everything was acknowledged, and gone when it is closed', () => {
    const spool = new Spool({ folder });
    const segments = ['one', 'two'].map((text) => spool.write(bytes(text), true)!);
    spool.acknowledge(segments[0]!);
    expect(readFileSync(join(folder, files()[0]!)).includes('two')).toBe(true);
    spool.acknowledge(segments[1]!);
    expect(spool.bytes).toBe(MAGIC.length);
    expect(readFileSync(join(folder, files()[0]!)).equals(MAGIC)).toBe(true);
    spool.write(bytes('three'), true);
    expect(readFileSync(join(folder, files()[0]!)).includes('three')).toBe(true);
    spool.acknowledge(segments[0]!);
    spool.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('gives back what memory had no room for, and only that', () => {
    const spool = new Spool({ folder });
    spool.write(bytes('held'), true);
    spool.write(bytes('file 1'), false);
    spool.write(bytes('file 2'), false);
    spool.write(bytes('held too'), true);
    expect(readAll(spool)).toEqual(['file 1', 'file 2']);
    expect(spool.hasUnread).toBe(false);
    spool.close();
    expect(files()).toHaveLength(2);
  });

  test('takes no more than its bound, and takes again when there is room', () => {
    const spool = new Spool({ folder, maxBytes: 1000 });
    const taken = [];
    for (let n = 0; n < 50; n += 1) {
      const segment = spool.write([Buffer.alloc(40), Buffer.alloc(52)], true);
      if (segment) taken.push(segment);
    }
    expect(taken.length).toBe(9);
    expect(spool.bytes).toBeLessThanOrEqual(1000);
    for (const segment of taken) spool.acknowledge(segment);
    expect(spool.write([Buffer.alloc(40), Buffer.alloc(52)], true)).toBeDefined();
    spool.close();
  });

  test.each([
    ['a file where the folder should be', () => writeFileSync(folder, '')],
    ['a link to elsewhere', () => symlinkSync(tmpdir(), folder)],
    ['a folder open to others', () => mkdirSync(folder, { mode: 0o755 })],
  ])('does without on %s', (_what, prepare) => {
    prepare();
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const spool = new Spool({ folder });
    expect(spool.write(bytes('one'), true)).toBeUndefined();
    expect(spool.write(bytes('two'), true)).toBeUndefined();
    spool.adopt();
    spool.close();
    stderr.mockRestore();
    expect(() => makePrivate(folder)).toThrow(folder);
  });

  test('notices that another took its folder, and goes on in a new one', () => {
    const spool = new Spool({ folder });
    spool.write(bytes('one'), true);
    rmSync(join(folder, readdirSync(folder)[0]!), { recursive: true });
    const later = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + SILENCE_MS);
    spool.write(bytes('two'), true);
    later.mockRestore();
    expect(texts(readFrames(readFileSync(join(folder, files()[0]!))).payloads)).toEqual(['two']);
    spool.close();
  });
});

describe('what a dead process left', () => {
  test('is taken over, read and removed; a torn end is cut off', () => {
    const left = leave(dead(), ['one', 'two', 'three']);
    const last = join(left, '3.spool');
    truncateSync(last, statSync(last).size - 1);
    appendFileSync(join(left, '1.spool'), 'half a fra');
    const spool = new Spool({ folder });
    spool.adopt();
    expect(existsSync(left)).toBe(false);
    expect(readAll(spool).sort()).toEqual(['one', 'two']);
    spool.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('stays with the next owner until it is acknowledged', () => {
    leave();
    const spool = new Spool({ folder });
    spool.adopt();
    spool.readNext();
    spool.close();
    expect(files()).toHaveLength(2);
  });

  test('beyond the bound waits for another time', () => {
    const left = leave(dead(), ['x'.repeat(400), 'y'.repeat(400)]);
    const spool = new Spool({ folder, maxBytes: 600 });
    spool.adopt();
    expect(readdirSync(left)).toHaveLength(1);
    expect(readAll(spool)).toHaveLength(1);
    spool.adopt();
    expect(readAll(spool)).toHaveLength(1);
    expect(existsSync(left)).toBe(false);
    spool.close();
  });

  test('goes to exactly one of many that look at the same time', async () => {
    leave(
      dead(),
      Array.from({ length: 60 }, (_, n) => `frame ${n}`),
    );
    const path = built.write(
      'adopt.mjs',
      `import { Spool } from './instrumentation/delivery/spool/spool.js';
       const spool = new Spool({ folder: process.argv[2] });
       process.stdin.once('data', () => {
         spool.adopt();
         const all = [];
         for (let next = spool.readNext(); next; next = spool.readNext()) {
           all.push(...next.payloads.map(String));
         }
         console.log(JSON.stringify(all));
         // What a process that has ended left may be adopted again.
         process.stdin.once('data', () => process.exit());
       });
       console.log('ready');`,
    );
    const children = Array.from({ length: 4 }, () => spawn(process.execPath, [path, folder]));
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    const outputs = children.map(async (child) => {
      const lines = createInterface(child.stdout);
      child.stdin.write('go\n');
      const [line] = (await once(lines, 'line')) as [string];
      return JSON.parse(line) as string[];
    });
    const all = (await Promise.all(outputs)).flat();
    for (const child of children) child.stdin.write('end\n');
    await Promise.all(children.map((child) => once(child, 'close')));
    expect(all).toHaveLength(60);
    expect(new Set(all).size).toBe(60);
  });
});

describe('an owner', () => {
  test('is known by the name of its folder', () => {
    expect(ownerOfName(nameFor(thisOwner()))).toEqual(thisOwner());
    expect(ownerOfName('lost+found')).toBeUndefined();
    expect(nameFor(thisOwner())).not.toBe(nameFor(thisOwner()));
  });

  test('that lives is alive however long it was silent', () => {
    expect(isDead(thisOwner(), 10 * SILENCE_MS)).toBe(false);
  });

  test.runIf(process.platform === 'linux')('is dead when its number went to another', async () => {
    const { stdout } = await run(process.execPath, ['-p', 'process.pid']);
    const gone = { ...thisOwner(), pid: Number(stdout) };
    expect(isDead(gone, 0)).toBe(true);
    expect(isDead({ ...thisOwner(), started: '17' }, 0)).toBe(true);
  });

  test.each([
    ['on another machine', { machine: '0123456789ab' }],
    ['in another container', { namespace: '42' }],
    ['that is a worker thread', { thread: 3 }],
  ])('%s is dead after a silence', (_where, over) => {
    expect(isDead({ ...thisOwner(), ...over }, 1000)).toBe(false);
    expect(isDead({ ...thisOwner(), ...over }, SILENCE_MS + 1)).toBe(true);
  });

  test('keeps its folder young', () => {
    vi.useFakeTimers();
    const spool = new Spool({ folder });
    spool.write(bytes('one'), true);
    const home = join(folder, readdirSync(folder)[0]!);
    utimesSync(home, 0, 0);
    vi.advanceTimersByTime(6000);
    vi.useRealTimers();
    expect(statSync(home).mtimeMs).toBeGreaterThan(0);
    spool.close();
  });
});

test('the environment says where the spool is', () => {
  const place = (env: Record<string, string>) => spoolPlace('my svc', 'http://c/v1/traces', env);
  expect(place({ FAULTLINE_SPOOL_DIR: '/d', XDG_STATE_HOME: '/s' })).toMatch(
    /^\/d\/my_svc-[0-9a-f]{12}$/,
  );
  expect(place({ XDG_STATE_HOME: '/s' })).toMatch(/^\/s\/faultline-spool\/my_svc-/);
  expect(place({})!.startsWith(join(tmpdir(), 'faultline-spool-'))).toBe(true);
  expect(place({ FAULTLINE_SPOOL: 'off', FAULTLINE_SPOOL_DIR: '/d' })).toBeUndefined();
  // Nothing goes to a collector that it was not meant for.
  expect(place({})).not.toBe(spoolPlace('my svc', 'http://other/v1/traces', {}));
});

test.runIf(process.platform === 'linux')(
  'a folder that cannot be is refused, also below /proc',
  () => {
    expect(() => makePrivate('/proc/faultline/spool')).toThrow(/ENOENT|EACCES|EPERM/);
  },
);
