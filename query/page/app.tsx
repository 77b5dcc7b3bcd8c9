// The frame around the views: where one is, whether it is live, the token, the keys.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useKeys } from './keys.ts';
import { askAgain, live, setLive } from './live.ts';
import { useMissing } from './missing.ts';
import { TokenForm } from './parts/token.tsx';
import { type Place, root, to, usePlace } from './route.ts';
import { token } from './session.ts';
import { AgentsView } from './views/agents.tsx';
import { CompareView } from './views/compare.tsx';
import { EvolutionView } from './views/evolution.tsx';
import { FailureView } from './views/failure.tsx';
import { AgentGraphView, GraphView } from './views/graph.tsx';
import { GroupView } from './views/group.tsx';
import { GroupsView } from './views/groups.tsx';
import { SqlView } from './views/sql.tsx';
import { TimelineView } from './views/timeline.tsx';

export function App() {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const address = place.path.join('\n');
  const isFirst = useRef(true);
  const [showsKeys, setShowsKeys] = useKeys();
  // A screen reader announces where the link led.
  useEffect(() => {
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [address]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <a class="name" href={to.agents()}>
          <img src={`${root}favicon.svg`} alt="" width="24" height="24" /> Faultline
        </a>
        <nav aria-label="Main">
          <a href={to.agents()} aria-current={place.path.length === 0 ? 'page' : undefined}>
            Agents
          </a>
          <a href={to.sql()} aria-current={place.path[0] === 'sql' ? 'page' : undefined}>
            SQL
          </a>
        </nav>
        <Controls onKeys={() => setShowsKeys(true)} />
      </header>
      <Partial />
      <main id="main" ref={main} tabIndex={-1}>
        {viewOf(place)}
      </main>
      {showsKeys && <Keys onClose={() => setShowsKeys(false)} />}
    </>
  );
}

/** What is on the screen while a shard is away. */
function Partial() {
  const missing = useMissing();
  if (!missing) return null;
  const { missing_shards, shards } = missing;
  return (
    <p class="trouble" role="status">
      Partial: shard {missing_shards.join(', ')} of {shards} does not answer. Counts are too low,
      and no fix is judged.
    </p>
  );
}

function viewOf({ path, query }: Place): ComponentChildren {
  const [kind, id = '', part] = path;
  const has = (name: string) => query.get(name) ?? '';
  if (kind === undefined) return <AgentsView find={has('find')} />;
  if (kind === 'sql') return <SqlView />;
  if (kind === 'agents' && id && part === undefined)
    return <GroupsView agent={id} node={has('node')} state={has('state')} since={has('since')} />;
  if (kind === 'agents' && id && part === 'graph') return <AgentGraphView agent={id} />;
  if (kind === 'agents' && id && part === 'timeline')
    return <TimelineView agent={id} since={has('since')} />;
  if (kind === 'groups' && id) return <GroupView fingerprint={id} member={has('member')} />;
  if (kind === 'failures' && id) return <FailureView failureId={id} />;
  if (kind === 'evolutions' && id) return <EvolutionView evolutionId={id} />;
  if (kind === 'graphs' && id === 'compare')
    return <CompareView from={has('from')} to={has('to')} />;
  if (kind === 'graphs' && id) return <GraphView graphRef={id} node={has('node')} />;
  return (
    <>
      <h1>There is nothing here</h1>
      <p>
        This address is none of the page's. <a href={to.agents()}>All agents</a>
      </p>
    </>
  );
}

function Controls({ onKeys }: { onKeys: () => void }) {
  const [isLive, setIsLive] = useState(live());
  return (
    <div class="controls">
      <label>
        <input
          type="checkbox"
          checked={isLive}
          onChange={(event) => {
            setIsLive(event.currentTarget.checked);
            setLive(event.currentTarget.checked);
          }}
        />{' '}
        Live
      </label>
      <details>
        <summary>Token{token() ? ' ✓' : ''}</summary>
        <TokenForm onGiven={askAgain} />
      </details>
      <button type="button" onClick={onKeys} aria-label="Keys">
        ?
      </button>
    </div>
  );
}

function Keys({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="facts">
        {[
          ['j, k', 'next and previous row'],
          ['Enter', 'open the row'],
          ['/', 'to the first filter'],
          ['g', 'to all agents'],
          ['s', 'to the SQL console'],
          ['?', 'these keys'],
        ].map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
