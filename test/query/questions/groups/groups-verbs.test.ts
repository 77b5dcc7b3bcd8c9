// The verbs about groups as processes, and who may use them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessDeniedError, createClient } from '../../../../query/index.ts';
import { verb, verbWith } from '../../../support/verb.ts';
import { failedAttempt, sendSpans, startWorld, type World } from '../../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.send(
    failedAttempt('cli', { 'graph.node.id': 'one' }),
    failedAttempt('cli', { 'graph.node.id': 'two', 'exception.message': '\u001b[31mred\u202e' }),
  );
});
afterAll(() => world?.end());

describe('the verbs about groups', () => {
  let fingerprints: string[];
  const one = () => fingerprints[0]!;
  const two = () => fingerprints[1]!;

  it('list them', async () => {
    const { items } = JSON.parse(await verb(world, 'groups', '--agent', 'cli', '--json'));
    expect(items).toHaveLength(2);
    fingerprints = ['one', 'two'].map(
      (node) => items.find((group: { node_id: string }) => group.node_id === node).fingerprint,
    );
    const listed = await verb(world, 'groups', '--agent', 'cli', '--state', 'new');
    expect(listed).toMatch(/^last seen +state +agent +node +class/);
    expect(listed).toContain(one());
    for (const hidden of ['\u001b', '\u202e']) expect(listed).not.toContain(hidden);
    await expect(verb(world, 'groups', '--state', 'odd')).rejects.toThrow(/Allowed choices/);
  });

  it('ignore and reopen one', async () => {
    const id = '3d1c3c0e-6f0a-4f0e-9d53-5f4f6b8a2c11';
    const said = ['--reason', 'known', '--author', 'ada', '--id', id];
    const ignored = await verb(world, 'ignore', one(), ...said);
    expect(ignored).toContain(`ignore ${one()} by ada (known)`);
    expect(ignored).toContain(`${one()} is ignored now`);
    expect(await verb(world, 'ignore', one(), ...said)).toBe(ignored);
    expect(await verb(world, 'reopen', one())).toContain(`${one()} is ongoing now`);
  });

  it('merge, annotate, resolve and show one', async () => {
    expect(await verb(world, 'merge', one(), two(), '--author', 'ada')).toContain(
      `merge ${one()} by ada into ${two()}`,
    );
    await verb(world, 'annotate', two(), 'data.error', '--author', 'ada');
    await verb(world, 'note', two(), 'ask the supplier');
    expect(await verb(world, 'resolve', one(), '--reason', 'done')).toContain(
      `${two()} is resolved now`,
    );
    const shown = await verb(world, 'group', one());
    expect(shown).toMatch(new RegExp(`^group +${two()}\nstate +resolved since`));
    expect(shown).toMatch(/class +data\.error, annotated by ada\n +Annotated as/);
    expect(shown).toMatch(/members\n {2}v1:\w+, two, 1 failures, names the group/);
    expect(shown).toContain('ask the supplier');
  });

  it('split one again', async () => {
    expect(await verb(world, 'split', one())).toContain(`${one()} is ongoing now`);
    await expect(verb(world, 'split', one())).rejects.toThrow(/fingerprint: is not merged/);
  });
});

describe('who signs a change made in a terminal', () => {
  let home: string;
  let fingerprint: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'faultline-author-'));
    await world.send(failedAttempt('signed'));
    const { items } = await world.history.groups({ agent: 'signed' });
    fingerprint = items[0]!.fingerprint;
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  /** Signed with these settings of git alone. */
  const signer = async (gitConfig: string, variables = {}, ...flags: string[]) => {
    const file = join(home, 'gitconfig');
    await writeFile(file, gitConfig);
    const none = join(home, 'none');
    const git = { GIT_CONFIG_GLOBAL: file, GIT_CONFIG_SYSTEM: none, GIT_DIR: none };
    const environment = { FAULTLINE_AUTHOR: '', ...git, ...variables };
    const said = await verbWith(world, environment, 'ignore', fingerprint, '--json', ...flags);
    return JSON.parse(said).author;
  };
  const GRACE = '[user]\n\tname = Grace Hopper\n';

  it('is the flag, the variable, the name in git, then the user', async () => {
    const variable = { FAULTLINE_AUTHOR: 'bob' };
    expect(await signer(GRACE, variable, '--author', 'ada')).toBe('ada');
    expect(await signer(GRACE, variable)).toBe('bob');
    expect(await signer(GRACE)).toBe('Grace Hopper');
    expect(await signer('')).toBe(userInfo().username);
  });

  it('is the user where git is missing or broken, and a long name is cut', async () => {
    expect(await signer(GRACE, { PATH: home })).toBe(userInfo().username);
    expect(await signer('[user\n')).toBe(userInfo().username);
    expect(await signer(`[user]\n\tname = ${'x'.repeat(900)}\n`)).toMatch(/^x{128}$/);
  });

  it('is the Queen over HTTP, where nobody is named', async () => {
    const { author } = await world.client.changeGroup(fingerprint, { kind: 'reopen' });
    expect(author).toBe('queen');
  });
});

describe('with tokens', () => {
  it('reading needs one, and saying something the right one', async () => {
    const guarded = await startWorld({ 'query-token': ['reads'], 'admin-token': ['changes'] });
    try {
      await sendSpans(guarded.otlpHttp, [failedAttempt('guarded')]);
      await guarded.drained();
      const as = (token?: string) =>
        createClient({ url: guarded.query, ...(token ? { token } : {}) });
      await expect(as().groups()).rejects.toThrow(AccessDeniedError);
      const [group] = (await as('reads').groups()).items;
      const change = (token: string) =>
        as(token).changeGroup(group!.fingerprint, { kind: 'ignore' });
      await expect(change('reads')).rejects.toThrow(/an admin token is needed/);
      expect((await change('changes')).kind).toBe('ignore');
      expect((await as('reads').group(group!.fingerprint)).state).toBe('ignored');
    } finally {
      await guarded.end();
    }
  });
});
