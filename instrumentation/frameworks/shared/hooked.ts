// Says once at the start which frameworks are recorded and where their failures go, and of a framework
// that no hook could see, why.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { guarded, sayOnce } from '../../core/guard.ts';
import { beforeTheEnd } from '../../delivery/ending.ts';
import {
  addressOf,
  endpointFromEnvironment,
  exportsThroughApp,
} from '../../delivery/environment.ts';
import { type Environment, isOff, variable } from '../../semconv/variables.ts';

/** By then an app has loaded what it works with. */
const SAY_AFTER_MS = 200;
const LOOK_AFTER_MS = 1000;
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;

/** What each framework's own code holds, minified too; in parts, so that this file does not. */
const MARKS: readonly (readonly [framework: string, mark: string, without?: string])[] = [
  ['LangGraph', ['__pregel', 'scratchpad'].join('_')],
  // Version 7 reports by itself what its calls do, in a bundle too.
  ['AI SDK', ['vercel', 'ai', 'error'].join('.'), ['AI_SDK_TELEMETRY', 'INTEGRATIONS'].join('_')],
  ['OpenAI Agents', ['openai', 'agents', 'toolCallParentSpan'].join('.')],
];
const FILES: Readonly<Record<string, RegExp>> = {
  LangGraph: /[\\/]@langchain[\\/]langgraph[\\/]dist[\\/]pregel[\\/]index\.c?js$/,
  'AI SDK': /[\\/]node_modules[\\/]ai[\\/]dist[\\/]index\.c?js$/,
  MCP: /[\\/]@modelcontextprotocol[\\/](?:sdk[\\/]dist|client[\\/]dist[\\/]index|server[\\/]dist[\\/]index)/,
  'OpenAI Agents': /[\\/]@openai[\\/]agents-core[\\/]dist[\\/]index\.js$/,
};

/** With their versions, as far as known. */
const hooked = new Map<string, string | undefined>();
/** Without `register` the app chose what is recorded, and with which tracer. */
let isWatching = false;
let isPrinted = false;

/** How much is said: `FAULTLINE_DEBUG` as `1` says more, as `0` nothing but what went wrong. */
export function saying(env: Environment = process.env): 'nothing' | 'line' | 'more' {
  const given = variable('FAULTLINE_DEBUG', env);
  if (given === '') return 'line';
  return isOff(given) ? 'nothing' : 'more';
}

/** A framework is recorded from now on. */
export function noteHooked(framework: string, version?: string): void {
  if (hooked.has(framework)) return;
  hooked.set(framework, version);
  if (!isWatching) return;
  if (saying() === 'more') sayOnce(`hooked ${framework}`, `hooked ${named(framework, version)}`);
  if (hooked.size === 1) setTimeout(sayHooked, SAY_AFTER_MS).unref();
}

/** Watches what the process loads; called by `register`. */
export function watchHooks(): void {
  isWatching = true;
  const look = () =>
    guarded(() => {
      sayHooked();
      if (saying() !== 'nothing') sayMissed();
    }, undefined);
  setTimeout(look, LOOK_AFTER_MS).unref();
  beforeTheEnd(look);
  process.once('exit', look);
  if (saying() === 'more') sayOnce('debug', `waits for frameworks; ${destination()}`);
}

function sayHooked(): void {
  if (isPrinted || hooked.size === 0) return;
  isPrinted = true;
  if (saying() === 'nothing') return;
  const frameworks = [...hooked].map(([framework, version]) => named(framework, version));
  sayOnce('hooked', `records ${frameworks.join(', ')}; ${destination()}`);
}

/** Says which frameworks run here unseen: in the app's bundle, or loaded before the hooks were there. */
function sayMissed(): void {
  const loaded = Object.keys(guarded(() => createRequire(`${process.cwd()}/`).cache, {}));
  const main = process.argv[1] ?? '';
  const bundle = hooked.size === 0 ? textOf(main) : '';
  for (const [framework, mark, without] of MARKS) {
    if (hooked.has(framework)) continue;
    if (bundle.includes(mark) && !(without && bundle.includes(without))) {
      sayOnce(
        `missed ${framework}`,
        `${framework} is bundled into ${main}, where no hook sees it, and is not recorded: keep it out of the bundle, or hand it over in the app (docs/frameworks.md)`,
      );
    } else if (loaded.some((file) => FILES[framework]?.test(file))) {
      sayOnce(
        `missed ${framework}`,
        `${framework} was loaded before faultline/register, and is not recorded: load that first, with node --import`,
      );
    }
  }
  if (saying() === 'more' && hooked.size === 0) {
    sayOnce('none', 'no framework that it knows was loaded so far');
  }
}

function textOf(file: string): string {
  return guarded(() => {
    const found = file === '' ? undefined : statSync(file, { throwIfNoEntry: false });
    return found?.isFile() && found.size <= MAX_BUNDLE_BYTES ? readFileSync(file, 'latin1') : '';
  }, '');
}

function named(framework: string, version: string | undefined): string {
  return version === undefined ? framework : `${framework} ${version}`;
}

function destination(): string {
  if (exportsThroughApp()) return "sends through the app's own exporter";
  const address = guarded(() => addressOf(endpointFromEnvironment()), undefined);
  return address === undefined ? 'sends nowhere' : `sends to ${address}`;
}
