// The shards that are missing in the last answer: what is on the screen is then a part of what is stored.
import { useEffect, useState } from 'preact/hooks';
import type { PartialAnswer } from '../base/partial.ts';

let missing: PartialAnswer | undefined;
const CHANGED = 'faultline:missing';

export function setMissing(partial: PartialAnswer | undefined): void {
  if (JSON.stringify(partial) === JSON.stringify(missing)) return;
  missing = partial;
  dispatchEvent(new Event(CHANGED));
}

export function useMissing(): PartialAnswer | undefined {
  const [shown, setShown] = useState(missing);
  useEffect(() => {
    const show = () => setShown(missing);
    addEventListener(CHANGED, show);
    return () => removeEventListener(CHANGED, show);
  }, []);
  return shown;
}
