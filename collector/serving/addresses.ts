// Names and addresses of hosts, as settings, headers and sockets have them.

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Whether a host that one can listen on is this machine; IPv6 without brackets. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** The host as it stands in an address: IPv6 in brackets. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** The host that a `Host` header names, without its port; IPv6 in brackets. */
export function hostnameOf(header: string | undefined): string | undefined {
  return header !== undefined && URL.canParse(`http://${header}`)
    ? new URL(`http://${header}`).hostname
    : undefined;
}
