/** What the engine may reach of the machine: its own data, and what its library and the system's need. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration, Folder } from './folder.ts';
import type { Reach } from './landlock.ts';
import type { StartMessage } from './messages.ts';

type Needs = Omit<StartMessage, 'kind' | 'dataDir' | 'host'> & {
  folder: Folder;
  configuration: Configuration;
  /** Where the one login of `default` is asked about. */
  loginUrl: string;
};

/** Name service, certificates, time zones; libraries that libc loads by itself. */
const SYSTEM = [
  ...['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/share/zoneinfo', '/usr/share/locale'],
  ...['ld.so.cache', 'localtime', 'timezone', 'resolv.conf', 'hosts', 'host.conf', 'gai.conf'].map(
    (name) => `/etc/${name}`,
  ),
  ...['/etc/nsswitch.conf', '/etc/services', '/etc/protocols', '/etc/ssl', '/etc/pki'],
  ...['/usr/share/ca-certificates', '/usr/local/share/ca-certificates', '/run/systemd/resolve'],
  ...['/dev/urandom', '/dev/random', '/sys/fs/cgroup', '/sys/devices/system'],
];

/**
 * What its metrics and its memory's bound are made of. Each thread looks up its own; among them
 * is `environ`, which is why the child's environment has nothing of value.
 */
const KERNEL = [
  '/proc/self/task',
  ...['stat', 'statm', 'status', 'io', 'maps', 'cgroup', 'mountinfo', 'limits'].map(
    (name) => `/proc/self/${name}`,
  ),
  ...['meminfo', 'cpuinfo', 'stat', 'loadavg', 'uptime', 'vmstat', 'diskstats', 'filesystems'].map(
    (name) => `/proc/${name}`,
  ),
  ...['/proc/net/dev', '/proc/sys/fs/file-nr', '/proc/sys/vm', '/proc/sys/kernel'],
];

export function reachOf(needs: Needs): Reach {
  const { folder, configuration, httpPort, nativePort, loginUrl, reachable, mayConnect } = needs;
  return {
    read: [configuration.folder, ...SYSTEM, ...mapped()],
    write: [folder.data, ...linkedIn(folder.data), folder.backups],
    rewrite: [folder.statusFile, '/dev/null', ...reachable],
    kernel: KERNEL,
    listen: [httpPort, ...(nativePort === null ? [] : [nativePort])],
    connect: mayConnect ? undefined : [Number(new URL(loginUrl).port)],
  };
}

/** Files whose code is loaded already: the engine reads them again for the names in a stack trace. */
function mapped(): string[] {
  if (!existsSync('/proc/self/maps')) return [];
  const lines = readFileSync('/proc/self/maps', 'utf8').matchAll(/r-xp .* (\/.*)$/gm);
  return [...new Set([...lines].map(([, path]) => path!))];
}

/** Somebody may have moved parts of the data to another disk, and left links. */
function linkedIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(folder, entry.name))
    .filter((link) => existsSync(link))
    .map((link) => realpathSync(link));
}

/** Files and folders that a configuration of the user's names, such as disks and certificates. */
export function pathsIn(xml: string): string[] {
  const texts = xml.replaceAll(/<!--[\s\S]*?-->/g, '').matchAll(/>\s*(\/[^<]*?)\s*</g);
  return [...texts].map(([, path]) => path!).filter((path) => !/^\/*$/.test(path));
}
