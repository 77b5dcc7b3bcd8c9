// Looks at the parts of a model's stream on their way to the SDK.
import type { Part } from './internal-types.ts';

/** Called with what a stream does; none of it may throw. */
export interface StreamWatcher {
  /** Its reader waits for the next part, or has got it. */
  reading(change: 1 | -1): void;
  part(part: Part): void;
  /** It ended by itself. */
  done(): void;
  failed(error: unknown): void;
  /** Its reader wants no more of it. */
  cancelled(reason: unknown): void;
}

/** The same stream, watched; nothing is read ahead of its reader. */
export function watchStream(stream: ReadableStream<Part>, watcher: StreamWatcher) {
  const reader = stream.getReader();
  return new ReadableStream<Part>(
    {
      async pull(controller) {
        watcher.reading(1);
        try {
          const { done, value } = await reader.read();
          if (done) {
            watcher.done();
            controller.close();
          } else {
            watcher.part(value);
            controller.enqueue(value);
          }
        } catch (error) {
          watcher.failed(error);
          controller.error(error);
        } finally {
          watcher.reading(-1);
        }
      },
      cancel(reason) {
        watcher.cancelled(reason);
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
