// Seeded worlds of which it is known what the right advice is.
import {
  ask,
  between,
  bug,
  changed,
  elsewhere,
  evolution,
  evolve,
  group,
  isOut,
  live,
  outagesIn,
  provider,
  type Random,
  revert,
  steady,
  type World,
  wait,
  world,
} from './scenario.ts';

/** Worlds with enough runs to know what is right. */
export const ENOUGH: Record<string, (random: Random) => World> = {
  'a defect on the version in use': (random) =>
    world({
      runs: live(random, 'a', {
        from: 0,
        hours: 48,
        runs: 300,
        chances: steady({ bug: between(random, 0.05, 0.6) }),
      }),
      right: evolve(),
    }),
  'a defect that begins late on a version that was good for long': (random) => {
    const rate = between(random, 0.2, 0.8);
    return world({
      runs: live(random, 'a', {
        from: 0,
        hours: 400,
        runs: 4000,
        chances: (at) => ({ bug: at > 394 ? rate : 0.0005 }),
      }),
      right: evolve(),
    });
  },
  'a slow drift after a good fix': (random) => {
    const top = between(random, 0.2, 0.6);
    return world({
      runs: changed(random, {
        before: steady({ other: 0.2 }),
        after: (at) => ({ bug: (top * (at - 48)) / 48 }),
        runs: 500,
      }),
      evolutions: [evolution('e', 48, { target: 'v1:other' })],
      right: evolve(),
    });
  },
  'a regression with a new version': (random) => {
    const rate = between(random, 0, 0.1);
    return world({
      runs: changed(random, {
        before: steady({ bug: rate }),
        after: steady({ bug: rate + between(random, 0.2, 0.5) }),
      }),
      right: revert,
    });
  },
  'a harmful fix': (random) => {
    const rate = between(random, 0.05, 0.2);
    return world({
      runs: changed(random, {
        before: steady({ bug: rate }),
        after: steady({ bug: rate * between(random, 3, 4.5) }),
      }),
      evolutions: [evolution('e', 48)],
      right: revert,
    });
  },
  'a fix that breaks more than it mends': (random) => {
    const rate = between(random, 0.05, 0.15);
    return world({
      runs: changed(random, {
        before: steady({ bug: rate }),
        after: steady({ other: rate * between(random, 3, 5) }),
      }),
      evolutions: [evolution('e', 48)],
      right: revert,
    });
  },
  'a harmful fix amid an outage': (random) => {
    const outages = outagesIn(random, 50, 40, 2);
    const rate = between(random, 0.05, 0.15);
    return world({
      runs: changed(random, {
        before: steady({ bug: rate }),
        after: (at) => (isOut(outages, at) ? { provider: 0.8 } : { bug: rate * 4 }),
        runs: 400,
      }),
      groups: [bug, { ...provider, elsewhere: elsewhere(random, outages, 96) }],
      evolutions: [evolution('e', 48)],
      right: revert,
    });
  },
  'a good fix': (random) =>
    world({
      runs: changed(random, {
        before: steady({ bug: between(random, 0.1, 0.6) }),
        after: steady({}),
      }),
      evolutions: [evolution('e', 48)],
      right: wait,
    }),
  'a good fix, and another defect': (random) => {
    const left = between(random, 0.05, 0.2);
    return world({
      runs: changed(random, {
        before: steady({ bug: between(random, 0.2, 0.5), other: left }),
        after: steady({ other: left }),
      }),
      evolutions: [evolution('e', 48)],
      right: evolve('v1:other'),
    });
  },
  'a good fix, then an outage': (random) => {
    const outages = outagesIn(random, 70, 24, 2);
    return world({
      runs: changed(random, {
        before: steady({ bug: between(random, 0.1, 0.3) }),
        after: (at) => ({ provider: isOut(outages, at) ? 0.9 : 0 }),
      }),
      evolutions: [evolution('e', 48)],
      right: wait,
    });
  },
  'a fix that did nothing': (random) => {
    const rates = steady({ bug: between(random, 0.2, 0.6) });
    return world({
      runs: changed(random, { before: rates, after: rates }),
      evolutions: [evolution('e', 48)],
      right: evolve(),
    });
  },
  'three fixes that did nothing': (random) => {
    const chances = steady({ bug: between(random, 0.2, 0.6) });
    const span = { hours: 24, runs: 200, chances };
    return world({
      runs: ['a', 'b', 'c', 'd'].flatMap((version, place) =>
        live(random, version, { from: 24 * place, ...span }),
      ),
      evolutions: [
        evolution('1', 24),
        evolution('2', 48, { from: 'b', to: 'c' }),
        evolution('3', 72, { from: 'c', to: 'd' }),
      ],
      right: ask,
    });
  },
  'an outage that others have as well': (random) => {
    const outages = outagesIn(random, 0, 48, 1 + Math.floor(random() * 3));
    return world({
      runs: live(random, 'a', {
        from: 0,
        hours: 48,
        runs: 400,
        chances: (at) => ({ provider: isOut(outages, at) ? 0.9 : 0 }),
      }),
      groups: [{ ...provider, elsewhere: elsewhere(random, outages, 48) }],
      right: wait,
    });
  },
  'an outage of a tool that others have as well': (random) => {
    const outages = outagesIn(random, 0, 48, 2);
    return world({
      runs: live(random, 'a', {
        from: 0,
        hours: 48,
        runs: 400,
        chances: (at) => ({ tool: isOut(outages, at) ? 0.9 : 0 }),
      }),
      groups: [{ ...group('tool', 'tool.error'), elsewhere: elsewhere(random, outages, 48) }],
      right: wait,
    });
  },
  'outages of the provider alone': (random) => {
    const outages = outagesIn(random, 0, 48, 1 + Math.floor(random() * 3));
    return world({
      runs: live(random, 'a', {
        from: 0,
        hours: 48,
        runs: 400,
        chances: (at) => ({ provider: isOut(outages, at) ? 0.9 : 0 }),
      }),
      right: wait,
    });
  },
  'an outage that goes on now, with a new version': (random) => {
    const start = between(random, 48, 51);
    return world({
      runs: [
        ...live(random, 'a', { from: 0, hours: 48, runs: 300, chances: steady({}) }),
        ...live(random, 'b', {
          from: 48,
          hours: 5,
          runs: 60,
          chances: (at) => ({ provider: at > start ? 0.9 : 0 }),
        }),
      ],
      evolutions: [evolution('e', 48, { target: null })],
      right: wait,
    });
  },
  'a limit that ends runs all the time': (random) =>
    world({
      runs: live(random, 'a', {
        from: 0,
        hours: 96,
        runs: 600,
        chances: steady({ limit: between(random, 0.1, 0.4) }),
      }),
      groups: [group('limit', 'llm.rate_limit')],
      right: evolve('v1:limit'),
    }),
  'resets that are recovered by retries': (random) =>
    world({
      runs: live(random, 'a', { from: 0, hours: 48, runs: 400, chances: steady({}) }).map(
        (run) => ({
          ...run,
          recovered: 'v1:provider',
        }),
      ),
      right: wait,
    }),
  'a key that ran out': (random) =>
    world({
      runs: live(random, 'a', {
        from: 0,
        hours: 48,
        runs: 300,
        chances: (at) => ({ key: at > 40 ? 1 : 0 }),
      }),
      groups: [group('key', 'llm.auth')],
      right: ask,
    }),
  'a budget that ends runs': (random) =>
    world({
      runs: live(random, 'a', {
        from: 0,
        hours: 48,
        runs: 300,
        chances: steady({ cost: between(random, 0.05, 0.5) }),
      }),
      groups: [group('cost', 'budget.cost')],
      right: ask,
    }),
  'a healthy agent': (random) =>
    world({
      runs: live(random, 'a', {
        from: 0,
        hours: 96,
        runs: 800,
        chances: steady({ bug: between(random, 0, 0.002) }),
      }),
      right: wait,
    }),
};

/** Worlds with too few runs to know. */
export const TOO_FEW: Record<string, (random: Random) => World> = {
  'a few runs, one or two of them lost': (random) => {
    const runs = live(random, 'a', {
      from: 0,
      hours: 2,
      runs: 2 + Math.floor(random() * 10),
      chances: steady({}),
    });
    return world({
      runs: runs.map((run, at) =>
        at < 1 + (random() < 0.5 ? 1 : 0) ? { ...run, lost: 'v1:bug' } : run,
      ),
      right: { advice: ['wait', 'ask'] },
    });
  },
  'a fix with a few runs': (random) => {
    const rate = between(random, 0.1, 0.4);
    return world({
      runs: changed(random, {
        before: steady({ bug: rate }),
        after: steady({ bug: random() < 0.5 ? 0 : rate }),
        runs: 1 + Math.floor(random() * 6),
      }),
      evolutions: [evolution('e', 48)],
      right: { advice: ['wait', 'ask'] },
    });
  },
  'a fix that no run has met': (random) =>
    world({
      runs: live(random, 'a', { from: 0, hours: 48, runs: 200, chances: steady({ bug: 0.3 }) }),
      evolutions: [evolution('e', 48)],
      right: { advice: ['wait', 'ask'] },
    }),
  'an outage with the first runs of a new version': (random) =>
    world({
      runs: [
        ...live(random, 'a', { from: 0, hours: 48, runs: 300, chances: steady({}) }),
        ...live(random, 'b', { from: 48, hours: 1, runs: 20, chances: steady({ provider: 0.9 }) }),
      ],
      evolutions: [evolution('e', 48, { target: null })],
      right: { advice: ['wait', 'ask'] },
    }),
};
