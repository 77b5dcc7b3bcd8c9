// Two query services with the same rules: the one that sends is killed in the middle of it, again and again, then both.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AlertReceiver, secret } from '../query/alerts/alert-receiver.ts';
import { failedAttempt, sendSpans } from '../support/world.ts';
import type { Collector } from './collector.ts';
import type { Fault } from './fault.ts';
import type { World } from './world.ts';

const ALERTS_A_ROUND = 8;

interface Parts {
  collector: Collector;
  services: Collector[];
  start(index: number): Promise<Collector>;
}

async function startParts(world: World, receiver: AlertReceiver): Promise<Parts> {
  const folders = await Promise.all([0, 1, 2].map(() => world.dataDir()));
  const file = join(folders[2]!, 'alerts.json');
  await writeFile(file, JSON.stringify(receiver.rules('FAULT_ALERT_SECRET')));
  const collector = await world.collector({
    dataDir: folders[2]!,
    flags: ['--role', 'collector'],
  });
  const start = (index: number) =>
    world.collector({
      dataDir: folders[index]!,
      flags: ['--role', 'query', '--alerts', file],
      env: { FAULT_ALERT_SECRET: secret },
    });
  return { collector, start, services: await Promise.all([0, 1].map(start)) };
}

/** Which of them sends; undefined when none does. */
async function senderOf({ services }: Parts): Promise<number | undefined> {
  const active = await Promise.all(
    services.map(async ({ query }) => {
      const text = await fetch(`${query}/metrics`).then((answer) => answer.text());
      return /^faultline_alerts_active 1$/m.test(text);
    }),
  );
  if (active.every(Boolean)) throw new Error('both services send');
  const index = active.indexOf(true);
  return index < 0 ? undefined : index;
}

export const fault: Fault = {
  name: 'two query services with alerts: whichever sends is killed in the middle',
  byHand: true,
  run: async (world) => {
    const receiver = await new AlertReceiver().start();
    try {
      const parts = await startParts(world, receiver);
      const agents: string[] = [];
      const fail = async (round: string): Promise<void> => {
        const more = Array.from({ length: ALERTS_A_ROUND }, (_, at) => `${round}-${at}`);
        agents.push(...more);
        await sendSpans(
          parts.collector.otlpHttp,
          more.map((agent) => failedAttempt(agent)),
        );
      };
      const idsOf = (agent: string): string[] =>
        receiver.taken.flatMap(({ json }) => (json.data.agent_id === agent ? json.id : []));
      const allTaken = () => agents.every((agent) => idsOf(agent).length > 0);
      const rounds = world.rounds(3);
      for (let round = 1; round <= rounds; round++) {
        await world.until('one sends', async () => (await senderOf(parts)) !== undefined);
        const index = (await senderOf(parts))!;
        const before = receiver.got.length;
        // The first alerts are taken; then one is in flight when it is killed.
        receiver.next.push(...Array.from({ length: world.random.int(0, 4) }, () => 200));
        receiver.always = 'hang';
        await fail(`round-${round}`);
        const isHanging = () => receiver.got.slice(before).some(({ answer }) => answer === 'hang');
        await world.until('an alert is in flight', isHanging);
        await parts.services[index]!.end('SIGKILL');
        receiver.always = 200;
        const killed = performance.now();
        parts.services[index] = await parts.start(index);
        await world.until('all are sent', allTaken);
        const seconds = ((performance.now() - killed) / 1000).toFixed(0);
        world.say(
          `${round} of ${rounds}: service ${index + 1} killed, all sent ${seconds} s later`,
        );
      }
      await Promise.all(parts.services.map((service) => service.end('SIGKILL')));
      await fail('nobody');
      parts.services[0] = await parts.start(0);
      await world.until('what came while nobody ran is sent', allTaken);
      world.say('what came while neither ran was sent after a start');
      await world.terminate(parts.services[0]!);
      await world.terminate(parts.collector);
      const ids = agents.map(idsOf);
      const again = ids.filter((all) => all.length > 1).length;
      return {
        acknowledged: agents.length,
        found: ids.filter((all) => all.length > 0).length,
        lost: ids.filter((all) => all.length === 0).length,
        doubled: ids.filter((all) => new Set(all).size > 1).length,
        note: `${agents.length} alerts, ${again} of them taken again with the same id`,
      };
    } finally {
      await receiver.stop();
    }
  },
};
