// Keeps web pages of others out: cross-site requests, and names that were rebound to this machine.
import { hostnameOf, isLoopback } from './addresses.ts';

/** The headers of a request that say from where and for whom it comes. */
interface RequestOrigin {
  host?: string | undefined;
  origin?: string | undefined;
}

/** What containers call their host. `internal` is no public domain, so no page can be served from there. */
const FROM_CONTAINERS = /^(?:host\.docker|gateway\.docker|host\.containers)\.internal$/;

/**
 * What is wrong with where a request comes from. A page may ask only from the host that it asks, or
 * from this machine when that is this machine. Where no token is needed the host has to be a name of
 * this machine, since a page of others can make its own name point here, but cannot know a token.
 *
 * @param isOpen whether one may ask without a token
 */
export function originProblem(
  { host, origin }: RequestOrigin,
  isOpen: boolean,
): string | undefined {
  const asked = hostnameOf(host);
  const isToLocal = asked !== undefined && (isLocal(asked) || FROM_CONTAINERS.test(asked));
  if (isOpen && !isToLocal) {
    return 'this host is not asked by a name of its own machine; a token would be needed';
  }
  if (origin === undefined || origin === '') return undefined;
  const page = URL.canParse(origin) ? new URL(origin).hostname : undefined;
  const isOwn = page !== undefined && (page === asked || (isToLocal && isLocal(page)));
  return isOwn ? undefined : 'pages of other origins may not ask here';
}

/** @param hostname as addresses have it: IPv6 in brackets */
const isLocal = (hostname: string): boolean => isLoopback(hostname.replace(/^\[|\]$/g, ''));
