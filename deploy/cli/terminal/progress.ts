// How far long work is, on one line of standard error and only where that is a terminal.

export interface Progress {
  /** @param total how much there is to do, where it is known */
  at(done: number, total?: number): void;
  /** Takes the line away. */
  end(): void;
}

const CELLS = 20;
/** Milliseconds between two drawings. */
const PAUSE_MS = 100;
const ERASE = '\r\u001b[K';

/** @param what names the work, as in `replaying` */
export function startProgress(what: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { at: () => {}, end: () => {} };
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    at(done, total) {
      const now = performance.now();
      if (now - drawn < PAUSE_MS && done !== total) return;
      drawn = now;
      stream.write(`${ERASE}${what} ${total === undefined ? done : barOf(done, total)}`);
    },
    end: () => stream.write(ERASE),
  };
}

function barOf(done: number, total: number): string {
  const full = total > 0 ? Math.min(CELLS, Math.floor((done / total) * CELLS)) : CELLS;
  return `[${'#'.repeat(full)}${'.'.repeat(CELLS - full)}] ${done}/${total}`;
}
