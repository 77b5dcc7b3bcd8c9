// What redacts in this process: the app's redactor or the built-in one, and the lists of the environment.

import { type Redactor, redact } from '../redaction/index.ts';
import { redactSteps } from '../redaction/lists.ts';
import { parsePaths } from '../redaction/paths.ts';
import { type Environment, variable } from '../semconv/variables.ts';
import { sayOnce } from './guard.ts';

/** Adds the lists of the environment to a redactor. */
type Around = (given: Redactor | undefined) => Redactor;

const DENY = 'FAULTLINE_REDACT_DENY';
const ALLOW = 'FAULTLINE_REDACT_ALLOW';
/** Commas separate paths, except those in quotes. */
const PATHS = /(?:\["(?:\\.|[^"\\])*"\]|\['(?:\\.|[^'\\])*'\]|[^,])+/g;

let ofProcess: Around | undefined;

/** What redacts instead of `given`, or of the built-in redaction, with the lists of the process. */
export function redactorOf(given?: Redactor): Redactor {
  ofProcess ??= listsOf(process.env);
  return ofProcess(given);
}

/**
 * The lists `FAULTLINE_REDACT_DENY` and `FAULTLINE_REDACT_ALLOW`; the latter is for the built-in redaction.
 * With a path that is wrong no field is sent, which is said once.
 */
export function listsOf(env: Environment): Around {
  const paths = { deny: pathsOf(variable(DENY, env)), allow: pathsOf(variable(ALLOW, env)) };
  if (paths.deny.length === 0 && paths.allow.length === 0) return (given) => given ?? redact;
  try {
    const deny = parsePaths(paths.deny, DENY);
    const builtIn = redactSteps(deny, parsePaths(paths.allow, ALLOW));
    return (given) => (given ? redactSteps(deny, [], given) : builtIn);
  } catch (error) {
    const { message } = error as Error;
    sayOnce('redaction', `${message}; until that is put right, inputs and messages are not sent`);
    return () => () => {
      throw error;
    };
  }
}

function pathsOf(list: string): string[] {
  return (list.match(PATHS) ?? []).map((path) => path.trim()).filter((path) => path !== '');
}
