// What is put in order in a data folder before an engine gets it.
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { passwordOf, prepareFolder, recordVersion } from '../../../deploy/engine/folder.ts';

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
    'store/1f2/1f2b-0/all_7_7_0': 'syntax = "proto3";\n',
    'store/1f2/1f2b-0/all_1_1_0/serialization.json': 'syntax = "proto3";\n',
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
    (await readdir(path, { recursive: true })).filter((name) => /\.|7_7/.test(name)).sort();
  expect(await filesIn(join(data, 'metadata'))).toEqual(['damaged.sql', 'faultline.sql']);
  expect(await filesIn(join(folder, 'disk'))).toEqual([
    '1f2/1f2a-0/failures.sql',
    '1f2/1f2b-0/all_1_1_0/ttl.txt',
    '1f2/1f2b-0/mutation_6.txt',
  ]);
});

test('a database that lost its definition gets it again, unless several could be the one', async () => {
  const clickhouse = join(folder, 'clickhouse');
  const definition = join(clickhouse, 'metadata', 'faultline.sql');
  await prepareFolder(folder);
  expect(await readdir(dirname(definition))).toEqual([]);

  await mkdir(join(clickhouse, 'store', '3b2', '3b27f4ec-a50b'), { recursive: true });
  await writeFile(join(clickhouse, 'store', '3b2', '3b27f4ec-a50b', 'failures.sql'), 'ATTACH');
  for (const left of [undefined, '', '\0\0\0']) {
    if (left === undefined) await rm(definition, { force: true });
    else await writeFile(definition, left);
    await prepareFolder(folder);
    expect(await readFile(definition, 'utf8')).toBe(
      "ATTACH DATABASE _ UUID '3b27f4ec-a50b'\nENGINE = Atomic\n",
    );
  }

  await mkdir(join(clickhouse, 'store', '4ee', '4eec7060-2bc7'), { recursive: true });
  await writeFile(join(clickhouse, 'store', '4ee', '4eec7060-2bc7', 'failures.sql'), 'ATTACH');
  await prepareFolder(folder);
  await rm(definition);
  await expect(prepareFolder(folder)).rejects.toThrow(/faultline\.sql is gone.*faultline restore/);
});

test('a folder of a newer library is refused, and one of an older is taken over', async () => {
  const prepared = await prepareFolder(folder);
  expect(await recordVersion(prepared, '26.7.3')).toBeUndefined();
  expect(await recordVersion(prepared, '26.5.9')).toBe('26.7.3');
  expect(await recordVersion(prepared, '25.12.1')).toBe('26.7.3');
  // Patches of a release read what each other wrote.
  expect(await recordVersion(prepared, '26.7.1')).toBeUndefined();
  expect(await recordVersion(prepared, '26.10.0')).toBeUndefined();
  expect(await recordVersion(prepared, '26.7.3')).toBe('26.10.0');
  await writeFile(prepared.versionFile, '\0\0');
  expect(await recordVersion(prepared, '26.7.3')).toBeUndefined();
});

test('a password file that holds anything else is refused by its name', async () => {
  await writeFile(join(folder, 'reader-password'), 'one\ntwo\n');
  await expect(passwordOf(folder, 'reader')).rejects.toThrow(
    /reader-password is not one line .*remove it/,
  );
});
