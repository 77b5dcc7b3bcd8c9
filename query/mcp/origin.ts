// Keeps web pages of others out: cross-site requests, and names that were rebound to this machine.
import {
  localhostAllowedHostnames,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server';

/** The headers of a request that say from where and for whom it comes. */
export interface RequestOrigin {
  host: string | undefined;
  origin: string | undefined;
}

/**
 * What is wrong with where a request comes from. A page may ask only from the host that it asks, or
 * from this machine when that is this machine. Where no token is needed the host has to be a name of
 * this machine, since a page of others can make its own name point here, but cannot know a token.
 *
 * @param open whether one may ask without a token
 */
export function originProblem({ host, origin }: RequestOrigin, open: boolean): string | undefined {
  const local = localhostAllowedHostnames();
  const toLocal = validateHostHeader(host, local);
  if (open && !toLocal.ok) return 'this host is not asked by its own name; a token would be needed';
  const own = hostnameOf(host);
  const allowed = toLocal.ok ? local : own === undefined ? [] : [own];
  return validateOriginHeader(origin, allowed).ok
    ? undefined
    : 'pages of other origins may not ask here';
}

function hostnameOf(host: string | undefined): string | undefined {
  return host !== undefined && URL.canParse(`http://${host}`)
    ? new URL(`http://${host}`).hostname
    : undefined;
}
