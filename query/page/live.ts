// Asking again and again while somebody looks: answers stay on the screen until the next one is there.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

const EVERY_MS = 5_000;
/** A slow question is asked so seldom that it takes at most this share of the time. */
const SHARE = 0.1;

let isLive = true;
const CHANGED = 'faultline:live';
/** Another token was given, or the reader wants new answers now. */
const AGAIN = 'faultline:again';

export const live = (): boolean => isLive;
export function setLive(on: boolean): void {
  isLive = on;
  dispatchEvent(new Event(CHANGED));
}
export const askAgain = (): boolean => dispatchEvent(new Event(AGAIN));

export interface Answer<T> {
  data: T | undefined;
  error: Error | undefined;
  refresh: () => void;
}

/**
 * @param key what is asked; another key is another question, and the old answer is dropped
 * @param once whether the answer never changes, so that one is enough
 */
export function useLive<T>(key: string, ask: () => Promise<T>, once = false): Answer<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: Error | undefined }>({ key });
  const question = useRef(ask);
  question.current = ask;
  const again = useRef(() => {});

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let round = 0;
    const plan = (tookMs: number) => {
      clearTimeout(timer);
      if (once || !isLive || document.hidden) return;
      timer = setTimeout(run, Math.max(EVERY_MS, tookMs / SHARE));
    };
    const run = async () => {
      const mine = ++round;
      const started = performance.now();
      clearTimeout(timer);
      const next = await question.current().then(
        (data) => ({ key, data, error: undefined }),
        (error: Error) => ({ key, error }),
      );
      if (mine !== round) return;
      setState((old) => (old.key === key ? { ...old, ...next } : next));
      plan(performance.now() - started);
    };
    const wake = () => {
      if (!document.hidden && isLive && !once) run();
      else clearTimeout(timer);
    };
    again.current = run;
    run();
    addEventListener(CHANGED, wake);
    addEventListener(AGAIN, run);
    document.addEventListener('visibilitychange', wake);
    return () => {
      round = -1;
      clearTimeout(timer);
      removeEventListener(CHANGED, wake);
      removeEventListener(AGAIN, run);
      document.removeEventListener('visibilitychange', wake);
    };
  }, [key, once]);

  const refresh = useCallback(() => again.current(), []);
  const current = state.key === key ? state : { key };
  return { data: current.data, error: current.error, refresh };
}
