// An agent with a past to judge by: what fails on an old version of it, and on the one that its fixes made.
import { failedAttempt, goodAttempt, snapshotRef, type World } from '../support/world.ts';

export const HOUR = 3_600_000;
/** When the current hour began. */
export const NOW = Math.floor(Date.now() / HOUR) * HOUR;
const refs = { old: snapshotRef('{"id":"old"}'), fixed: snapshotRef('{"id":"fixed"}') };

interface Runs {
  fails: boolean;
  version: keyof typeof refs;
  hours: number;
}

/** 40 runs of a node on a version, all failed or all good, from some hours ago on. */
function runs(agent: string, node: string, { fails, version, hours }: Runs) {
  const letter = (number: number) => String.fromCharCode(97 + number);
  return Array.from({ length: 40 }, (_, run) => ({
    ...(fails ? failedAttempt : goodAttempt)(agent, {
      'graph.node.id': node,
      'graph.run.id': `${version}-${node}-${letter(run % 26)}${letter(Math.floor(run / 26))}`,
      'graph.snapshot.ref': refs[version],
    }),
    start: NOW - hours * HOUR + run,
  }));
}

/** Remembers that somebody changed the old version to the fixed one. */
export const fix = (world: World, agent: string, evolution_id: string, targets: string[]) =>
  world.history.recordEvolution({
    agent_id: agent,
    evolution_id,
    resolution: 'Look twice.',
    from_ref: refs.old,
    graph_snapshot_ref: refs.fixed,
    target_fingerprints: targets,
  });

/** Gives an agent a group that a fix ended, one that a fix did not, and one without a fix. */
export async function fixedAgent(world: World, agent: string) {
  const before = { fails: true, version: 'old', hours: 30 } as const;
  await world.send(
    ...['mended', 'broken', 'untried'].flatMap((node) => runs(agent, node, before)),
    ...runs(agent, 'mended', { fails: false, version: 'fixed', hours: 3 }),
    ...runs(agent, 'broken', { fails: true, version: 'fixed', hours: 3 }),
  );
  const { items } = await world.history.groups({ agent });
  const of = (node: string) => items.find((group) => group.node_id === node)!.fingerprint;
  for (const node of ['mended', 'broken']) await fix(world, agent, `${agent} ${node}`, [of(node)]);
  return { mended: of('mended'), broken: of('broken'), untried: of('untried') };
}
