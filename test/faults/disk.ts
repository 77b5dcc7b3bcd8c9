// Folders as a power cut would have left them. Of a file, what was synced is there; of what was written and not
// synced, some sectors. Of the changes to folders, the first ones are there.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Step } from './power-cut.ts';
import type { Random } from './random.ts';

const SECTOR = 512;

/**
 * Which unsynced writes reached the disk: random sectors; the oldest; the newest, in files that have their length
 * already, as where a journal is ahead of the data.
 */
export const SURVIVORS = ['newest', 'sectors', 'oldest'] as const;
export type Survivors = (typeof SURVIVORS)[number];

/**
 * The files of one folder by name after a cut behind so many steps, on the least that a file system may do: a
 * change of the folder is on disk when the folder is synced.
 */
export function filesAfter(steps: readonly Step[], folder: string, random: Random) {
  const files = new Map<string, DiskFile>();
  let synced = new Map<string, DiskFile>();
  let changes: ((folder: Map<string, DiskFile>) => void)[] = [];
  const change = (act: (folder: Map<string, DiskFile>) => void): void => {
    act(files);
    changes.push(act);
  };
  const nameIn = (path: string) => path.slice(folder.length + 1);
  for (const { kind, name: path, offset, bytes } of steps) {
    if (path === folder && kind === 'sync') {
      synced = new Map(files);
      changes = [];
    }
    if (!path.startsWith(`${folder}/`)) continue;
    const name = nameIn(path);
    const file = files.get(name);
    if (kind === 'create' && !file) {
      const created = new DiskFile();
      change((names) => names.set(name, created));
    } else if (kind === 'create' && offset === 1) file?.truncate(0);
    else if (kind === 'write') file!.write(offset, bytes);
    else if (kind === 'sync') file?.sync();
    else if (kind === 'truncate') file?.truncate(offset);
    else if (kind === 'unlink') change((names) => names.delete(name));
    else if (kind === 'rename') {
      const to = nameIn(String(bytes));
      change((names) => {
        names.set(to, names.get(name)!);
        names.delete(name);
      });
    } else throw new Error(`${kind} of ${path}: more than is made of it here`);
  }
  for (const act of changes.slice(0, random.int(0, changes.length + 1))) act(synced);
  const there = () => random.next() < 0.5;
  return new Map([...synced].map(([name, file]) => [name, file.afterCut(there)]));
}

/**
 * Makes a folder, with all below it, after a cut behind so many steps. The file system keeps the order of changes
 * to folders in one journal, as ext4 and XFS do: those before the last sync of anything are on disk, and perhaps
 * some more.
 */
export async function folderAfter(
  steps: readonly Step[],
  survivors: Survivors,
  random: Random,
  to: string,
): Promise<void> {
  const committed = steps.findLastIndex(({ kind }) => kind === 'sync' || kind === 'sync all') + 1;
  const journaled = random.int(committed, steps.length + 1);
  const root: Folder = new Map();
  let onDisk: Folder | undefined;
  steps.forEach((step, index) => {
    if (index === journaled) onDisk = copyOf(root);
    apply(root, step, index);
  });
  const folder = onDisk ?? root;
  const unsynced = filesIn(folder).flatMap((file) => file.unsynced());
  const middle = unsynced.length === 0 ? 0 : unsynced[random.int(0, unsynced.length)]!;
  const isThere = {
    newest: (order: number) => order > middle,
    sectors: () => random.next() < 0.5,
    oldest: (order: number) => order < middle,
  }[survivors];
  await save(folder, to, (file) => file.afterCut(isThere, survivors === 'newest'));
}

type Entry = Folder | DiskFile | string;
/** By name; the text is where a symbolic link leads. */
type Folder = Map<string, Entry>;

function apply(root: Folder, { kind, name: path, offset, bytes }: Step, order: number): void {
  if (kind === 'sync all') syncAll(root);
  if (kind === 'sync all' || path === '') return;
  const { folder, name } = placeOf(root, path);
  const entry = folder.get(name);
  if (kind === 'create') {
    if (entry === undefined) folder.set(name, new DiskFile());
    else if (offset === 1) fileOf(entry, path).truncate(0);
  } else if (kind === 'write') fileOf(entry, path).write(offset, bytes, order);
  else if (kind === 'truncate') fileOf(entry, path).truncate(offset);
  else if (kind === 'sync') {
    if (entry instanceof DiskFile) entry.sync();
  } else if (kind === 'mkdir') folder.set(name, new Map());
  else if (kind === 'symlink') folder.set(name, String(bytes));
  else {
    if (kind === 'unlink' || kind === 'rmdir') {
      folder.delete(name);
      return;
    }
    const other = placeOf(root, String(bytes));
    const before = other.folder.get(other.name);
    other.folder.set(other.name, known(entry, path));
    if (kind === 'exchange') folder.set(name, known(before, String(bytes)));
    else if (kind === 'rename') folder.delete(name);
  }
}

function placeOf(root: Folder, path: string): { folder: Folder; name: string } {
  const names = path.split('/');
  const name = names.pop()!;
  let folder = root;
  for (const one of names) {
    const inside = folder.get(one);
    if (!(inside instanceof Map)) throw new Error(`${path} came in a way that was not seen`);
    folder = inside;
  }
  return { folder, name };
}

function known(entry: Entry | undefined, path: string): Entry {
  if (entry === undefined) throw new Error(`${path} came in a way that was not seen`);
  return entry;
}

function fileOf(entry: Entry | undefined, path: string): DiskFile {
  const file = known(entry, path);
  if (!(file instanceof DiskFile)) throw new Error(`${path} is no file`);
  return file;
}

/** The files are the same ones. */
function copyOf(folder: Folder): Folder {
  return new Map(
    [...folder].map(([name, entry]) => [name, entry instanceof Map ? copyOf(entry) : entry]),
  );
}

function syncAll(folder: Folder): void {
  for (const file of filesIn(folder)) file.sync();
}

function filesIn(folder: Folder): DiskFile[] {
  return [...folder.values()].flatMap((entry) => {
    if (entry instanceof Map) return filesIn(entry);
    return entry instanceof DiskFile ? [entry] : [];
  });
}

async function save(
  folder: Folder,
  to: string,
  contentOf: (file: DiskFile) => Buffer,
): Promise<void> {
  for (const [name, entry] of folder) {
    const path = join(to, name);
    if (entry instanceof Map) {
      await mkdir(path, { mode: 0o700 });
      await save(entry, path, contentOf);
    } else if (entry instanceof DiskFile) {
      await writeFile(path, contentOf(entry), { mode: 0o600 });
    } else await symlink(entry, path);
  }
}

/** What of a file is on disk, and what is on its way there. */
class DiskFile {
  private durable = Buffer.alloc(0);
  private size = 0;
  private pending: { offset: number; bytes: Buffer; order: number }[] = [];

  write(offset: number, bytes: Buffer, order = 0): void {
    this.pending.push({ offset, bytes, order });
  }

  /** The places of its unsynced writes in the order of all. */
  unsynced(): number[] {
    return this.pending.map(({ order }) => order);
  }

  sync(): void {
    for (const { offset, bytes } of this.pending) this.put(offset, bytes);
    this.pending = [];
  }

  truncate(length: number): void {
    this.sync();
    this.size = length;
    if (length < this.durable.length) this.durable.fill(0, length);
  }

  /**
   * A file with several names has the same under each.
   * @param isThere asked for each sector of what was not synced
   * @param isWhole whether it is as long as it was
   */
  afterCut(isThere: (order: number) => boolean, isWhole = false): Buffer {
    for (const { offset, bytes, order } of this.pending) {
      if (isWhole) this.size = Math.max(this.size, offset + bytes.length);
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
        if (isThere(order)) this.put(offset + at, bytes.subarray(at, end));
        at = end;
      }
    }
    this.pending = [];
    const all = Buffer.alloc(this.size);
    this.durable.copy(all);
    return all;
  }

  private put(offset: number, bytes: Buffer): void {
    const end = offset + bytes.length;
    if (end > this.durable.length) {
      const grown = Buffer.alloc(Math.max(end, 2 * this.durable.length));
      this.durable.copy(grown);
      this.durable = grown;
    }
    this.size = Math.max(this.size, end);
    bytes.copy(this.durable, offset);
  }
}
