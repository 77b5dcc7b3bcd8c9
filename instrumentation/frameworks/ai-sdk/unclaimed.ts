// Version 7 reports a call that names integrations of its own to nothing else. Its diagnostics channel knows of
// each call, so what is missed is at least said.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readProperty } from '../../core/exception.ts';
import { guarded, sayOnce } from '../../core/guard.ts';

const CHANNEL = 'tracing:ai:telemetry:start';
const claimed = new Set<unknown>();

/** Takes a call to record; false if another integration of ours has taken it. */
export function claim(callId: string): boolean {
  return !claimed.has(callId) && claimed.add(callId) !== undefined;
}

export function release(callId: string): void {
  claimed.delete(callId);
}

/** Says once that a call is not recorded, if that comes to pass. */
export function warnOfUnclaimed(isWanted: () => boolean): void {
  const listen = (message: unknown) =>
    guarded(() => {
      // A call was reported before its first step.
      const callId = readProperty(readProperty(message, 'event'), 'callId');
      if (readProperty(message, 'type') !== 'step' || claimed.has(callId) || !isWanted()) return;
      unsubscribe(CHANNEL, listen);
      sayOnce(
        'ai-sdk integrations',
        'a call of the AI SDK names telemetry integrations of its own and is not recorded: add aiSdkTelemetry() to them',
      );
    }, undefined);
  subscribe(CHANNEL, listen);
}
