// `faultline fingerprint`, which needs no service.
import type { Command } from 'commander';
import { examples } from '../terminal/help.ts';

/** Adds the verb to the program. */
export function addFingerprintVerb(program: Command): void {
  examples(
    program.command('fingerprint'),
    `echo '{"error_type":"TypeError","error_message":"cannot read total"}' | faultline fingerprint`,
    'faultline fingerprint < failures.jsonl | jq -r .fingerprint | sort | uniq -c',
  )
    .description('which failures are the same: reads JSON lines, prints fingerprint and class')
    .option('--json', 'print JSON lines, as it does anyway')
    .action(async () => {
      const { fingerprintLines } = await import('../fingerprint.ts');
      const refused = await fingerprintLines(process.stdin, process.stdout, process.stderr);
      if (refused > 0) process.exitCode = 1;
    });
}
