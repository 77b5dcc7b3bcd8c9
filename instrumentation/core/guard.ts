// The line between the app and this library: nothing of ours may throw into the app.
import { diag } from '@opentelemetry/api';

const log = diag.createComponentLogger({ namespace: 'faultline' });
const said = new Set<string>();

/**
 * Runs `work` and returns what it returns, or `fallback` if it throws. What was thrown goes to
 * OpenTelemetry's diagnostic logger, which is silent unless the app turned it on.
 */
export function guarded<T>(work: () => T, fallback: T): T {
  try {
    return work();
  } catch (error) {
    try {
      log.warn('instrumentation failed and was skipped', error);
    } catch {
      // A broken diagnostic logger is the app's own; there is nowhere left to report it.
    }
    return fallback;
  }
}

/** Writes one line to standard error the first time `topic` comes up, and never again. */
export function sayOnce(topic: string, line: string): void {
  if (said.has(topic)) return;
  said.add(topic);
  try {
    process.stderr.write(`faultline: ${line}\n`);
  } catch {
    // Standard error may be closed.
  }
}
