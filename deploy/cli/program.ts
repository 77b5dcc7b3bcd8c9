// All verbs of the executable as one tree; help and completion are made from it.

import { Command } from 'commander';
import { manyLines } from '../../query/base/text.ts';
import { version } from '../version.ts';
import { addCompletionVerbs } from './completion.ts';
import { addLateFlags } from './late-flags.ts';
import { examples } from './terminal/help.ts';
import { styled } from './terminal/style.ts';
import { addAlertTestVerb } from './verbs/alert-rules.ts';
import { addBackupVerbs } from './verbs/backup.ts';
import { addDeadLetterVerbs } from './verbs/dead-letters.ts';
import { addDoctorVerb } from './verbs/doctor.ts';
import { addEngineVerb } from './verbs/engine.ts';
import { addFingerprintVerb } from './verbs/fingerprint.ts';
import { addForgetVerb } from './verbs/forget.ts';
import { addHiveVerbs } from './verbs/hive.ts';
import { addInitVerb } from './verbs/init.ts';
import { addMcpVerb } from './verbs/mcp.ts';
import { addRunVerbs } from './verbs/run.ts';
import { addQueryVerbs } from './verbs/verbs.ts';

/** Makes the tree. It throws CommanderErrors instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('faultline')
    .description('Failure memory for self-healing agents.')
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(`faultline: ${manyLines(text.replace(/^error: /, '')).trimEnd()}\n`),
    })
    .configureHelp({ styleTitle: (title) => styled('bold', title) })
    .showHelpAfterError('(faultline --help lists the verbs)')
    .helpCommand(false)
    .hook('preSubcommand', (_program, verb) => addLateFlags(verb));
  addRunVerbs(program);
  addEngineVerb(program);
  addBackupVerbs(program);
  addQueryVerbs(program);
  addAlertTestVerb(program);
  addDeadLetterVerbs(program);
  addForgetVerb(program);
  addFingerprintVerb(program);
  addHiveVerbs(program);
  addMcpVerb(program);
  addInitVerb(program);
  addDoctorVerb(program);
  addCompletionVerbs(program);
  examples(program.command('help'), 'faultline help groups', 'faultline help hive watch')
    .description('the help of a verb, with examples')
    .argument('[verb...]', 'the verb')
    .action(async (words: string[]) => {
      let verb: Command | undefined = program;
      for (const word of words) {
        if (verb.commands.length === 0) break;
        verb = verb.commands.find((one) => one.name() === word);
        if (!verb) break;
      }
      // Without a flag for help, a word that is no verb is refused, with a suggestion of what is like it.
      const asked = verb ? [...words, '--help'] : words;
      await program.parseAsync(asked, { from: 'user' });
    });
  examples(
    program,
    'faultline start',
    'faultline recent --agent invoice-agent --watch',
    'faultline help groups',
  );
  return program;
}
