// Hands the brief of an agent to its Queen when one of its runs has failed or has asked her for help.
import { pushToQueen, queenMessage, queenSessions } from '../../query/alerts/queen.ts';
import type { Fact, RunOfHive } from './facts.ts';
import type { Say } from './session-logs.ts';

/** Whom to hand briefs to, and where they come from. */
export interface QueenBriefsOptions {
  /** Hive's server. */
  readonly hiveUrl: string;
  readonly hiveToken?: string | undefined;
  /** The session of Hive's server. @default the one that has the agent loaded */
  readonly session?: string | undefined;
  /** The agent's brief once it knows the failure of this run. @throws when it cannot be had */
  readonly briefOf: (run: RunOfHive) => Promise<string>;
  readonly say: Say;
}

/** Collects the agents whose runs failed; one brief an agent, however many runs of it failed since. */
export class QueenBriefs {
  readonly #options: QueenBriefsOptions;
  readonly #due = new Map<string, RunOfHive>();
  /** Briefs that a Queen has. */
  handed = 0;

  constructor(options: QueenBriefsOptions) {
    this.#options = options;
  }

  /** Takes note of facts that the collector has. */
  note(facts: readonly Fact[]): void {
    for (const fact of facts) {
      const isOver = fact.kind === 'run_ended' && fact.outcome === 'failure';
      const isWaiting =
        fact.kind === 'attempt' && fact.failure?.disposition === 'escalated' && !fact.amends;
      if (isOver || isWaiting) this.#due.set(fact.run.agentId, fact.run);
    }
  }

  /** Hands over what is due; what cannot be handed over is said and not tried again. */
  async hand(): Promise<void> {
    const due = [...this.#due.values()];
    this.#due.clear();
    for (const run of due) {
      try {
        await this.#handOne(run);
        this.handed += 1;
      } catch (error) {
        this.#options.say(
          this.#options.hiveUrl,
          `the brief of agent ${JSON.stringify(run.agentId)} was not handed over: ${(error as Error).message}`,
        );
      }
    }
  }

  async #handOne(run: RunOfHive): Promise<void> {
    const { hiveUrl: url, hiveToken: token, briefOf } = this.#options;
    const session = this.#options.session ?? (await this.#sessionOf(run));
    const message = queenMessage(run.agentId, await briefOf(run));
    await pushToQueen({ url, token, session, message });
  }

  /** The session that has the run's agent loaded; else the run's own, which Hive knows or refuses. */
  async #sessionOf(run: RunOfHive): Promise<string> {
    const { hiveUrl: url, hiveToken: token } = this.#options;
    const names = new Set([run.graphId, run.graphId.replace(/-graph$/, ''), run.agentId]);
    const sessions = await queenSessions({ url, token });
    const own = sessions.find(({ id }) => id === run.sessionId);
    const loaded = sessions.find((session) => session.names.some((name) => names.has(name)));
    return (own ?? loaded)?.id ?? run.sessionId;
  }
}
