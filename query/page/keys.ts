// What the keyboard does beside what browsers do by themselves.
import { useEffect, useState } from 'preact/hooks';
import { go, to } from './route.ts';

/** Rows of lists have one link or button each that opens them. */
const ROWS = '[data-row]';
const FILTERS = '[data-filter]';

/** @returns whether the list of keys is shown, and how to show or hide it */
export function useKeys(): [boolean, (shown: boolean) => void] {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const act = ACTIONS[event.key];
      if (event.key === '?') setShown(true);
      else if (act) act();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  return [shown, setShown];
}

const ACTIONS: Record<string, () => void> = {
  j: () => step(1),
  k: () => step(-1),
  '/': () => document.querySelector<HTMLElement>(FILTERS)?.focus(),
  g: () => go(to.agents()),
  s: () => go(to.sql()),
};

function step(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(ROWS)];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
  rows[next]?.focus();
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, select');
