// `faultline init` adds to what is there, can be repeated, and never overwrites what it cannot read.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runNode } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (file: string) => join(folder, file);
const text = (file: string) => readFileSync(path(file), 'utf8');
const json = (file: string) => JSON.parse(text(file)) as Record<string, never>;
const put = (file: string, content: string) => {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), content);
};
const init = (...args: string[]) => runNode([...faultline, 'init', folder, ...args]);

const FILES = [
  '.mcp.json',
  '.cursor/mcp.json',
  '.vscode/mcp.json',
  '.codex/config.toml',
  '.claude/skills/faultline/SKILL.md',
  '.agents/skills/faultline/SKILL.md',
  'AGENTS.md',
];

describe('faultline init', () => {
  it('writes what each agent reads, and nothing the second time', async () => {
    const first = await init('--url', 'http://127.0.0.1:4321/');
    expect(first.code).toBe(0);
    expect(first.stdout.trim().split('\n')).toEqual(FILES.map((file) => `created    ${file}`));
    const server = { type: 'http', url: 'http://127.0.0.1:4321/mcp' };
    expect(json('.mcp.json')).toEqual({ mcpServers: { faultline: server } });
    expect(json('.cursor/mcp.json')).toEqual({ mcpServers: { faultline: server } });
    expect(json('.vscode/mcp.json')).toEqual({ servers: { faultline: server } });
    expect(parseToml(text('.codex/config.toml'))).toEqual({
      mcp_servers: { faultline: { url: server.url } },
    });
    const before = FILES.map(text);
    const second = await init('--url', 'http://127.0.0.1:4321');
    expect(second.code).toBe(0);
    expect(second.stdout.trim().split('\n')).toEqual(FILES.map((file) => `unchanged  ${file}`));
    expect(FILES.map(text)).toEqual(before);
  });

  it('keeps everything else in files that exist, comments included', async () => {
    put('.mcp.json', '{\n\t"mcpServers": {\n\t\t"other": { "command": "x" } // mine\n\t}\n}\n');
    put('.codex/config.toml', '# mine\nmodel = "m"\n\n[mcp_servers.other]\ncommand = "x"\n');
    put('AGENTS.md', '# Rules\n\nBe kind.\n');
    const { code } = await init('--client', 'claude-code', '--client', 'codex');
    expect(code).toBe(0);
    expect(text('.mcp.json')).toContain('// mine');
    expect(parse(text('.mcp.json'))).toMatchObject({
      mcpServers: { other: { command: 'x' }, faultline: { type: 'http' } },
    });
    expect(text('.codex/config.toml')).toMatch(/^# mine\nmodel = "m"\n\n\[mcp_servers\.other\]/);
    expect(parseToml(text('.codex/config.toml'))).toMatchObject({
      model: 'm',
      mcp_servers: { other: { command: 'x' }, faultline: {} },
    });
    expect(text('AGENTS.md')).toMatch(/^# Rules\n\nBe kind\.\n\n<!-- faultline: begin -->/);
    expect(existsSync(path('.cursor/mcp.json'))).toBe(false);
  });

  it.each([
    ['broken JSON', '.mcp.json', '{ "mcpServers": ', /not valid JSON in line 1/],
    ['a list', '.cursor/mcp.json', '[]', /its JSON is not an object/],
    [
      'a section of another kind',
      '.vscode/mcp.json',
      '{"servers": []}',
      /"servers" is not an object/,
    ],
    ['broken TOML', '.codex/config.toml', 'model = ', /not valid TOML/],
    [
      'an entry of another address',
      '.mcp.json',
      '{"mcpServers":{"faultline":{"type":"http","url":"http://else/mcp"}}}',
      /another entry named "faultline"/,
    ],
    ['a skill that was changed', '.claude/skills/faultline/SKILL.md', 'mine', /changed by hand/],
  ])('leaves %s alone and says what to add', async (_kind, file, content, reason) => {
    put(file, content);
    const { code, stdout } = await init();
    expect(code).toBe(1);
    expect(text(file)).toBe(content);
    const line = stdout.split('\n').find((one) => one.startsWith('left'));
    expect(line).toContain(file);
    expect(line).toMatch(reason);
    // All others are written nevertheless.
    expect(FILES.filter((other) => other !== file).every((other) => existsSync(path(other)))).toBe(
      true,
    );
  });

  it('leaves a path alone that is no file', async () => {
    mkdirSync(path('.mcp.json'));
    const { code, stdout } = await init('--client', 'claude-code');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^left {7}\.mcp\.json: it cannot be read/m);
  });

  it('names the token by its variable and never by its value', async () => {
    await init('--with-token');
    expect(json('.mcp.json')).toMatchObject({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the agent replaces it
      mcpServers: { faultline: { headers: { Authorization: 'Bearer ${FAULTLINE_TOKEN}' } } },
    });
    expect(parseToml(text('.codex/config.toml'))).toMatchObject({
      mcp_servers: { faultline: { bearer_token_env_var: 'FAULTLINE_TOKEN' } },
    });
  });

  it('writes nothing with --dry-run, and shows it', async () => {
    const { code, stdout } = await init('--dry-run');
    expect(code).toBe(0);
    expect(FILES.some((file) => existsSync(path(file)))).toBe(false);
    expect(stdout).toContain('"url": "http://127.0.0.1:4320/mcp"');
    expect(stdout).toContain('failure_brief');
  });

  it('refuses an address that is none, by its flag', async () => {
    const { code, stderr } = await init('--url', 'localhost');
    expect(code).toBe(2);
    expect(stderr).toContain('--url');
  });
});
