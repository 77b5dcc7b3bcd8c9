// Flags that are the settings: they are read only for the verb that is meant, since their schemas take
// longer to load than `faultline --help` may take.
import type { Command } from 'commander';
import type { flagHelp } from '../settings.ts';

type Flag = (typeof flagHelp)[number];

const late = new WeakMap<Command, () => Promise<void>>();

/** Adds flags to the verb once it is the one that was called, or that is looked at. */
export function addFlagsLate(verb: Command, add: (flags: readonly Flag[]) => void): Command {
  late.set(verb, async () => add((await import('../settings.ts')).flagHelp));
  return verb;
}

/** Adds what was left for later. */
export async function addLateFlags(verb: Command): Promise<void> {
  const add = late.get(verb);
  late.delete(verb);
  await add?.();
}

/** What was given on the command line, by flag name; commander itself uses camel case. */
export function flagValues(command: Command): Record<string, unknown> {
  return Object.fromEntries(
    command.options.map((option) => [
      option.long!.slice(2),
      command.getOptionValue(option.attributeName()),
    ]),
  );
}
