// Every verb has what every verb must have; how they end when they are called wrongly.
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addLateFlags } from '../../../deploy/cli/late-flags.ts';
import { createProgram } from '../../../deploy/cli/program.ts';
import { runNode } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';

const run = (...args: string[]) => runNode([...faultline, ...args]);

/** Verbs of the contract, and those that came since. */
const CONTRACT =
  'start demo init migrate sql agents runs recent show groups group brief nodes retry evolutions timeline ' +
  'diff cases ' +
  'record-evolution resolve ignore reopen merge fingerprint mcp hive doctor deadletters';
const LISTS = [
  'recent',
  'runs',
  'groups',
  'nodes',
  'evolutions',
  'timeline',
  'cases',
  'similar',
  'alerts',
];

const all = (verb: Command): Command[] => [verb, ...verb.commands.flatMap(all)];
/** They do nothing themselves. */
const NO_VERBS = ['faultline', 'deadletters', 'hive', 'help', 'complete'];

function nameOf(verb: Command): string {
  return verb.parent?.parent ? `${nameOf(verb.parent)} ${verb.name()}` : verb.name();
}

function helpOf(verb: Command): string {
  let help = '';
  verb.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  verb.outputHelp();
  return help;
}

const program = createProgram();
const verbs = all(program).filter((verb) => !NO_VERBS.includes(verb.name()));

describe('every verb', () => {
  it('of the contract is there', () => {
    const names = program.commands.map((verb) => verb.name());
    expect(names).toEqual(expect.arrayContaining(CONTRACT.split(' ')));
  });

  it.each(verbs.map((verb) => [nameOf(verb), verb] as const))(
    '%s takes --json, and its examples are calls that it takes',
    async (name, verb) => {
      await addLateFlags(verb);
      const flags = [...verb.options, ...verb.parent!.options].map(({ long }) => long);
      expect(flags).toContain('--json');
      expect(verb.description()).not.toBe('');
      const help = helpOf(verb);
      const examples = [...help.replaceAll('\\\n', '').matchAll(/^ {2}\$ (.*)$/gm)].map(
        ([, line]) => line!,
      );
      expect(examples.length).toBeGreaterThan(0);
      const own = examples.filter((line) => line.includes(`faultline ${name}`));
      expect(own).not.toEqual([]);
      for (const line of own) {
        const called = line.split(`faultline ${name}`)[1]!.split(/ [|<>] |\)/)[0]!;
        const given = called.match(/"[^"]*"|\S+/g) ?? [];
        expect(verb.parseOptions(given).unknown, line).toEqual([]);
      }
    },
  );

  it.each(LISTS)('%s, a list, takes --since, --limit and --watch', (name) => {
    const flags = program.commands.find((verb) => verb.name() === name)!.options;
    const names = flags.map(({ long }) => long);
    expect(names).toEqual(expect.arrayContaining(['--since', '--limit', '--watch']));
  });
});

describe('help', () => {
  it('of a verb is the same by flag and by verb', async () => {
    const byFlag = await run('start', '--help');
    expect(byFlag).toMatchObject({ code: 0, stderr: '' });
    expect(byFlag.stdout).toContain('--retention-days');
    expect(await run('help', 'start')).toEqual(byFlag);
    expect((await run('help', 'hive', 'watch')).stdout).toContain('--graph <file...>');
  });

  it('loads no schemas, so that it is quick', async () => {
    const { stdout, stderr } = await runNode([...faultline, '--help'], {
      env: { NODE_DEBUG: 'esm' },
    });
    expect(stdout).toContain('record-evolution');
    expect(stderr).toMatch(/deploy\/cli\/verbs/);
    for (const slow of ['/zod/', '/@opentelemetry/', '/fastify/', '/@clickhouse/']) {
      expect(stderr).not.toContain(slow);
    }
  });
});

describe('called wrongly', () => {
  it.each([
    [['grups'], "unknown command 'grups'\n(Did you mean groups?)"],
    [['deadletters', 'lst'], "unknown command 'lst'\n(Did you mean list?)"],
    [['help', 'grups'], "unknown command 'grups'\n(Did you mean groups?)"],
    [['groups', '--agnet', 'a'], "unknown option '--agnet'\n(Did you mean --agent?)"],
    [['start', '--query-prt', '1'], "unknown option '--query-prt'\n(Did you mean --query-port?)"],
    [['start', '--query-port', 'many'], '--query-port: got "many"'],
    [['groups', '--state', 'odd'], 'Allowed choices are regressed'],
    [['show'], "missing required argument 'failure-id'"],
    [['recent', '--watch', 'soon'], 'watch: expected 0.1 to 86400 seconds, got soon'],
    [['deadletters', 'drop'], 'give one id, or --all'],
  ])('%j ends with 2 and says what is wrong', async (args, told) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^faultline: /);
    expect(stderr).toContain(told);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('without a service', () => {
  it.each([
    [['recent', '--url', 'http://127.0.0.1:9', '--json']],
    [['deadletters', 'list', '--collector-url', 'http://127.0.0.1:9']],
    [['migrate', '--clickhouse-url', 'http://127.0.0.1:9']],
  ])('%j ends with 3, in one line', async (args) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^faultline: .*\n$/);
  });
});
