// What is put in order in a data folder before an engine gets it.
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prepareFolder } from '../../../deploy/engine/folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('schemas that a statement wrote among definitions of tables and in parts go, and nothing else', async () => {
  const files = {
    'metadata/faultline.sql': 'ATTACH DATABASE faultline\nENGINE = Atomic\n',
    'metadata/damaged.sql': '\0garbage',
    'metadata/schema.txt': 'syntax = "proto3";\n',
    'metadata/x.sql': 'syntax = "proto3";\n\nmessage Message\n{\n  uint32 a = 1;\n}\n',
    'store/1f2/1f2a-0/failures.sql': "ATTACH TABLE _ UUID '…'\n(\n    `a` UInt8\n)\n",
    'store/1f2/1f2b-0/mutation_5.txt': 'syntax = "proto3";\n',
    'store/1f2/1f2b-0/mutation_6.txt': 'format version: 1\n',
    'store/1f2/1f2b-0/all_1_1_0/txn_version.txt': 'syntax = "proto3";\n',
    'store/1f2/1f2b-0/all_1_1_0/ttl.txt': 'ttl format version: 1\n',
    'store/1f2/1f2a-0/y.sql': '@0x801f030c2b67bf19;\n\nstruct Message\n{\n    a @0 : UInt8;\n}\n',
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'clickhouse', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  // Somebody may have moved the tables to another disk.
  await rename(join(folder, 'clickhouse', 'store'), join(folder, 'disk'));
  await symlink(join(folder, 'disk'), join(folder, 'clickhouse', 'store'));
  const { data } = await prepareFolder(folder);
  const filesIn = async (path: string) =>
    (await readdir(path, { recursive: true })).filter((name) => name.includes('.')).sort();
  expect(await filesIn(join(data, 'metadata'))).toEqual([
    'damaged.sql',
    'faultline.sql',
    'schema.txt',
  ]);
  expect(await filesIn(join(folder, 'disk'))).toEqual([
    '1f2/1f2a-0/failures.sql',
    '1f2/1f2b-0/all_1_1_0/ttl.txt',
    '1f2/1f2b-0/mutation_6.txt',
  ]);
});
