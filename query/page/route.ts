// Addresses of the page: reading them, making them, and going from one to another without a new load.
import { useEffect, useState } from 'preact/hooks';

const segment = encodeURIComponent;

const marked = document.querySelector<HTMLMetaElement>('meta[name="root"]')?.content ?? '/';
/** The path that all of the service lies under, with a slash at its end; a proxy may have put it there. */
export const root = new URL(marked, location.href).pathname;

/** Makes addresses of the page's own views: the only links that it has. */
export const to = {
  agents: () => root,
  agent: (agent: string, query: Record<string, string> = {}) =>
    withQuery(`${root}agents/${segment(agent)}`, query),
  nodes: (agent: string) => `${root}agents/${segment(agent)}/graph`,
  timeline: (agent: string) => `${root}agents/${segment(agent)}/timeline`,
  group: (fingerprint: string) => `${root}groups/${segment(fingerprint)}`,
  failure: (failureId: string) => `${root}failures/${segment(failureId)}`,
  graph: (ref: string, node = '') => withQuery(`${root}graphs/${segment(ref)}`, { node }),
  compare: (from: string, ref: string) => withQuery(`${root}graphs/compare`, { from, to: ref }),
  evolution: (evolutionId: string) => `${root}evolutions/${segment(evolutionId)}`,
  sql: () => `${root}sql`,
};

function withQuery(path: string, query: Record<string, string>): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  return search.size ? `${path}?${search}` : path;
}

export interface Place {
  /** Decoded parts of the path; the service refuses one that cannot be decoded. */
  path: string[];
  query: URLSearchParams;
}

function here(): Place {
  const parts = location.pathname.slice(root.length).split('/').filter(Boolean);
  return { path: parts.map(decodeURIComponent), query: new URLSearchParams(location.search) };
}

const MOVED = 'faultline:moved';

export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  dispatchEvent(new Event(MOVED));
}

/** Changes some filters in the address; an empty one is left out, and so is the page of a list. */
export function filter(changes: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries({ cursor: '', ...changes })) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  go(query.size ? `${location.pathname}?${query}` : location.pathname, { replace: true });
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const moved = () => setPlace(here());
    const clicked = (event: MouseEvent) => {
      // Links of drawings are SVG elements, whose `href` is no text.
      const address = (event.target as Element).closest('a')?.getAttribute('href');
      if (!address?.startsWith(root) || event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      go(address);
      scrollTo(0, 0);
    };
    addEventListener('popstate', moved);
    addEventListener(MOVED, moved);
    document.addEventListener('click', clicked);
    return () => {
      removeEventListener('popstate', moved);
      removeEventListener(MOVED, moved);
      document.removeEventListener('click', clicked);
    };
  }, []);
  return place;
}
