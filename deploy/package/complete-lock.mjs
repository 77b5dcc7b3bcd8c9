// `npm run lock`: completes package-lock.json with the binaries of other platforms. npm leaves them out
// when the registry that it asked does not offer them, and `npm ci` then calls the lock incomplete.
// Their platform is read from their names, as in @scope/tool-linux-arm64-musl. `-- test/node22` completes
// the lock of that folder.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL(`../../${process.argv[2] ?? '.'}/package-lock.json`, import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
];

const added = [];
for (const [path, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    const pinned = /^\d/.test(version);
    const present = lock.packages[nested] ?? lock.packages[hoisted];
    if (path === '' || (present && (!pinned || present.version === version))) continue;
    if (!pinned) throw new Error(`${name}@${version} is not pinned: add it by hand`);
    const words = name.split('/').at(-1).split('-');
    const os = systems.filter((system) => words.includes(system));
    const cpu = processors.filter((processor) => words.includes(processor));
    // Without a platform npm would install it everywhere.
    if (os.length + cpu.length === 0) throw new Error(`${name} names no platform: add it by hand`);
    lock.packages[lock.packages[hoisted] ? nested : hoisted] = {
      version,
      ...(cpu.length ? { cpu } : {}),
      ...(parent.dev ? { dev: true } : {}),
      ...(words.includes('musl')
        ? { libc: ['musl'] }
        : words.includes('gnu')
          ? { libc: ['glibc'] }
          : {}),
      optional: true,
      ...(os.length ? { os } : {}),
    };
    added.push(`${name}@${version}`);
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length ? `added ${added.join(', ')}` : 'complete');
