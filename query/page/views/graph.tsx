// A version of the graph, drawn with what fails in it.
import { useMemo } from 'preact/hooks';
import type { GraphSnapshot } from '../../questions/graphs/schemas.ts';
import type { NodeHealth } from '../../questions/nodes/question.ts';
import { api } from '../api.ts';
import { duration, number, share } from '../format.ts';
import { graphOf } from '../graph/body.ts';
import { DRAWN_NODES, Drawing, type Mark } from '../graph/drawing.tsx';
import { useLive } from '../live.ts';
import { Answered } from '../parts/answer.tsx';
import { Block, Facts, ForeignText, Id, Time, Wide } from '../parts/text.tsx';
import { AgentTitle, Title } from '../parts/title.tsx';
import { to } from '../route.ts';

/** Share of failed attempts from which on a node is marked. */
const FAILING = 0.05;

/** The version of an agent that is in use. */
export function AgentGraphView({ agent }: { agent: string }) {
  const answer = useLive(`nodes of ${agent}`, () => api.nodes(agent));
  return (
    <>
      <AgentTitle agent={agent} view="graph" />
      <Answered answer={answer}>
        {({ items }) => {
          const ref = items.find(
            ({ graph_snapshot_ref }) => graph_snapshot_ref,
          )?.graph_snapshot_ref;
          return (
            <>
              {ref ? (
                <>
                  <p>
                    In use:{' '}
                    <a href={to.graph(ref)}>
                      <Id name={ref} />
                    </a>
                  </p>
                  <Stored graphRef={ref} health={items} node="" />
                </>
              ) : (
                <p class="quiet">No attempt reported which version it ran on.</p>
              )}
              <Nodes health={items} />
            </>
          );
        }}
      </Answered>
    </>
  );
}

/** Any version, by its address. */
export function GraphView({ graphRef, node }: { graphRef: string; node: string }) {
  const answer = useLive(`graph ${graphRef}`, () => api.graph(graphRef), true);
  return (
    <>
      <Title tab={`Graph ${graphRef.slice(0, 17)}`}>
        Graph <Id name={graphRef} />
      </Title>
      <Answered answer={answer}>
        {(snapshot) => <Version snapshot={snapshot} node={node} />}
      </Answered>
    </>
  );
}

function Version({ snapshot, node }: { snapshot: GraphSnapshot; node: string }) {
  const { agent_id, ref } = snapshot;
  const all = useLive(`all nodes of ${agent_id}`, async () =>
    agent_id ? (await api.nodes(agent_id, 'all')).items : [],
  );
  const health = (all.data ?? []).filter((item) => item.graph_snapshot_ref === ref);
  return (
    <>
      <Facts
        facts={[
          [
            'Agent',
            agent_id ? (
              <a key="agent" href={to.agent(agent_id)}>
                <ForeignText text={agent_id} />
              </a>
            ) : (
              'not reported'
            ),
          ],
          ['First seen', <Time key="first" at={snapshot.first_seen} />],
          ['Last seen', <Time key="last" at={snapshot.last_seen} />],
        ]}
      />
      <Others all={all.data ?? []} shown={ref} />
      <Snapshot snapshot={snapshot} health={health} node={node} />
      <Nodes health={health} />
      <details>
        <summary>As it is stored</summary>
        <Block label="Body of the snapshot" text={snapshot.body} />
      </details>
    </>
  );
}

/** Other versions of the agent, to compare with. */
function Others({ all, shown }: { all: NodeHealth[]; shown: string }) {
  const refs = [...new Set(all.map(({ graph_snapshot_ref }) => graph_snapshot_ref))];
  const others = refs.filter((ref) => ref && ref !== shown);
  if (others.length === 0) return null;
  return (
    <p>
      Compare with{' '}
      {others.slice(0, 8).map((ref) => (
        <span key={ref}>
          <a href={to.compare(ref, shown)}>{ref.slice(0, 17)}</a>{' '}
        </span>
      ))}
    </p>
  );
}

function Stored(props: { graphRef: string; health: NodeHealth[]; node: string }) {
  const { graphRef, health, node } = props;
  const answer = useLive(`graph ${graphRef}`, () => api.graph(graphRef), true);
  return (
    <Answered answer={answer}>
      {(snapshot) => <Snapshot snapshot={snapshot} health={health} node={node} />}
    </Answered>
  );
}

function Snapshot(props: { snapshot: GraphSnapshot; health: NodeHealth[]; node: string }) {
  const { snapshot, health, node } = props;
  const graph = useMemo(() => graphOf(snapshot), [snapshot]);
  if (!graph) return <p class="quiet">The snapshot is no graph of nodes and edges.</p>;
  if (graph.nodes.length > DRAWN_NODES) {
    return <p class="quiet">It has {number(graph.nodes.length)} nodes: too many for a picture.</p>;
  }
  const failing = health.filter((item) => item.failures > 0).map((item) => item.node_id);
  const label = `Graph of ${number(graph.nodes.length)} nodes; ${
    failing.length ? `failing: ${failing.slice(0, 5).join(', ')}` : 'none failed'
  }`;
  return <Drawing graph={graph} label={label} marks={marksOf(health, node)} />;
}

function marksOf(health: NodeHealth[], asked: string): Map<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const { node_id, failure_rate, failures } of health) {
    if (failures === 0) continue;
    const kind = failure_rate >= FAILING ? 'failing' : 'changed';
    marks.set(node_id, { kind, note: `${share(failure_rate)} fail` });
  }
  if (asked) marks.set(asked, { kind: 'asked', note: marks.get(asked)?.note ?? 'failed' });
  return marks;
}

function Nodes({ health }: { health: NodeHealth[] }) {
  if (health.length === 0) return <p class="quiet">No attempt of a node is kept.</p>;
  return (
    <>
      <h2>Nodes</h2>
      <Wide label="Nodes">
        <table>
          <thead>
            <tr>
              <th>Node</th>
              <th>Attempts</th>
              <th>Failed</th>
              <th>with 95 %</th>
              <th>Retries</th>
              <th>Median</th>
              <th>p95</th>
              <th>Fails mostly with</th>
            </tr>
          </thead>
          <tbody>
            {health.map((node) => (
              <tr key={`${node.graph_snapshot_ref} ${node.node_id}`}>
                <td>
                  <a data-row href={to.agent(node.agent_id, { node: node.node_id })}>
                    <ForeignText text={node.node_id} />
                  </a>
                </td>
                <td>{number(node.attempts)}</td>
                <td>{share(node.failure_rate)}</td>
                <td>
                  {share(node.interval[0])} – {share(node.interval[1])}
                </td>
                <td>{number(node.retries)}</td>
                <td>{duration(node.median_duration_ns / 1e6)}</td>
                <td>{duration(node.p95_duration_ns / 1e6)}</td>
                <td>
                  {node.groups.slice(0, 1).map((group) => (
                    <a key={group.fingerprint} href={to.group(group.fingerprint)}>
                      <ForeignText text={group.error_type} none="error" />
                    </a>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}
