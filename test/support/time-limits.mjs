// On Node 20 the garbage collector takes an `AbortSignal.timeout` that only `AbortSignal.any` refers to, as those of
// LangGraph and the AI SDK are, and what it limits goes on. One that is listened to stays.
const { timeout } = AbortSignal;
if (timeout.name !== 'keptTimeout') {
  AbortSignal.timeout = function keptTimeout(ms) {
    const signal = timeout.call(AbortSignal, ms);
    signal.addEventListener('abort', () => {});
    return signal;
  };
}
