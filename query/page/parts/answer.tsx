// An answer that may still be on its way, or refused.
import type { ComponentChildren } from 'preact';
import { Refused } from '../api.ts';
import { type Answer, askAgain } from '../live.ts';
import { TokenForm } from './token.tsx';

export function Trouble({ error }: { error: Error }) {
  const needsToken = error instanceof Refused && error.needsToken;
  return (
    <div class="trouble" role="alert">
      <p dir="auto">{error.message}</p>
      {needsToken && <TokenForm onGiven={askAgain} />}
    </div>
  );
}

/** Shows the answer once it is there; trouble later on is shown above the last answer. */
export function Answered<T>({
  answer: { data, error },
  children,
}: {
  answer: Answer<T>;
  children: (data: T) => ComponentChildren;
}) {
  return (
    <>
      {error && <Trouble error={error} />}
      {data === undefined ? !error && <p class="quiet">Asking …</p> : children(data)}
    </>
  );
}
