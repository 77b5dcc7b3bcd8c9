// What the help of every verb ends with.
import type { Command } from 'commander';

/** Adds examples to a verb's help: what one would type. */
export const examples = (verb: Command, ...lines: string[]): Command =>
  verb.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
