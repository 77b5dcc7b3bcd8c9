// Bounds the CPU of processes by Linux's control groups, so that what is measured is not who gets the machine.
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

const PERIOD_US = 100_000;

/**
 * Holds a process to a share of one core.
 *
 * @returns takes the bound away, after the end of the process; undefined where this user may not make control groups
 */
export function boundCpu(pid: number, share: number): (() => void) | undefined {
  const quota = Math.round(share * PERIOD_US);
  const ways: [string, Record<string, string>][] = [
    ['/sys/fs/cgroup/cpu', { 'cpu.cfs_period_us': `${PERIOD_US}`, 'cpu.cfs_quota_us': `${quota}` }],
    ['/sys/fs/cgroup', { 'cpu.max': `${quota} ${PERIOD_US}` }],
  ];
  for (const [root, files] of ways) {
    const group = `${root}/faultline-bench-${pid}`;
    try {
      mkdirSync(group);
      for (const [name, value] of Object.entries({ ...files, 'cgroup.procs': `${pid}` })) {
        writeFileSync(`${group}/${name}`, value);
      }
      return () => rmdirSync(group);
    } catch {
      // The other version, or none.
    }
  }
  return undefined;
}
