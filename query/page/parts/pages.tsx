// A list that is read page by page: the first page is asked again while one looks, older ones are added.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Page } from '../../base/fields.ts';
import { useLive } from '../live.ts';
import { Answered, Trouble } from './answer.tsx';

export function Pages<T>({
  name,
  ask,
  none,
  children,
}: {
  /** Name of the question; another name starts over. */
  name: string;
  ask: (cursor?: string) => Promise<Page<T>>;
  none: ComponentChildren;
  children: (items: T[]) => ComponentChildren;
}) {
  const first = useLive(name, () => ask());
  const [older, setOlder] = useState<{ items: T[]; next: string | null }>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    setOlder(undefined);
    setError(undefined);
  }, [name]);
  const more = async (cursor: string, from: T[]) => {
    setError(undefined);
    await ask(cursor).then(
      (page) => setOlder({ items: [...from, ...page.items], next: page.next_cursor }),
      setError,
    );
  };
  return (
    <Answered answer={first}>
      {(page) => {
        // With older pages on the screen the list stands still, or what lies between would be lost.
        const items = older?.items ?? page.items;
        const next = older ? older.next : page.next_cursor;
        if (items.length === 0) return <p class="quiet">{none}</p>;
        return (
          <>
            {children(items)}
            {error && <Trouble error={error} />}
            {next && (
              <button type="button" onClick={() => more(next, items)}>
                Older
              </button>
            )}
            {older && (
              <button type="button" onClick={() => setOlder(undefined)}>
                Newest
              </button>
            )}
          </>
        );
      }}
    </Answered>
  );
}
