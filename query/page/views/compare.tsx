// Two versions of a graph side by side, with what is different and what that did.
import { useMemo } from 'preact/hooks';
import type { GraphDiff, GraphSnapshot } from '../../questions/graphs/schemas.ts';
import { api } from '../api.ts';
import { counted, number } from '../format.ts';
import { graphOf } from '../graph/body.ts';
import { DRAWN_NODES, Drawing, type Mark } from '../graph/drawing.tsx';
import { useLive } from '../live.ts';
import { Answered } from '../parts/answer.tsx';
import { Code, ForeignText, Id, Wide } from '../parts/text.tsx';
import { Title } from '../parts/title.tsx';
import { to } from '../route.ts';

export function CompareView({ from, to: onto }: { from: string; to: string }) {
  const diff = useLive(`diff ${from} ${onto}`, () => api.diff(from, onto));
  const both = useLive(
    `both ${from} ${onto}`,
    () => Promise.all([api.graph(from), api.graph(onto)]),
    true,
  );
  return (
    <>
      <Title tab="Two versions">Two versions</Title>
      <Answered answer={diff}>
        {(it) => (
          <>
            <div class="pair">
              <Side name="Before" address={from} snapshot={both.data?.[0]} marks={before(it)} />
              <Side name="After" address={onto} snapshot={both.data?.[1]} marks={after(it)} />
            </div>
            <Differences diff={it} />
            <GroupChanges diff={it} />
            {it.notes.map((note) => (
              <p class="quiet" key={note}>
                <bdi>{note}</bdi>
              </p>
            ))}
          </>
        )}
      </Answered>
    </>
  );
}

function marks(kind: Mark['kind'], note: string, names: string[]): [string, Mark][] {
  return names.map((name) => [name, { kind, note }]);
}

const changed = ({ nodes, edges }: GraphDiff): string[] =>
  [...nodes.changed, ...edges.changed].map(({ id }) => id);

function before(diff: GraphDiff): Map<string, Mark> {
  const removed = [...diff.nodes.removed, ...diff.edges.removed];
  return new Map([
    ...marks('removed', '− removed', removed),
    ...marks('changed', '~ changed', changed(diff)),
  ]);
}

function after(diff: GraphDiff): Map<string, Mark> {
  const added = [...diff.nodes.added, ...diff.edges.added];
  return new Map([
    ...marks('added', '+ added', added),
    ...marks('changed', '~ changed', changed(diff)),
  ]);
}

function Side(props: {
  name: string;
  address: string;
  snapshot: GraphSnapshot | undefined;
  marks: Map<string, Mark>;
}) {
  const { name, address, snapshot, marks: marked } = props;
  const graph = useMemo(() => (snapshot ? graphOf(snapshot) : undefined), [snapshot]);
  return (
    <div>
      <h2>
        {name}{' '}
        <a href={to.graph(address)}>
          <Id name={address} />
        </a>
      </h2>
      {graph && graph.nodes.length <= DRAWN_NODES ? (
        <Drawing
          graph={graph}
          label={`${name}: ${counted(graph.nodes.length, 'node')}`}
          marks={marked}
        />
      ) : (
        snapshot && <p class="quiet">It is no graph that can be drawn.</p>
      )}
    </div>
  );
}

function Differences({ diff: { nodes, edges, graph } }: { diff: GraphDiff }) {
  const lists = [
    ['Nodes added', nodes.added],
    ['Nodes removed', nodes.removed],
    ['Edges added', edges.added],
    ['Edges removed', edges.removed],
  ] as const;
  const changes = [
    ...nodes.changed.flatMap((item) => item.changes.map((change) => ({ of: item.id, ...change }))),
    ...edges.changed.flatMap((item) => item.changes.map((change) => ({ of: item.id, ...change }))),
    ...graph.map((change) => ({ of: '', ...change })),
  ];
  const isSame = changes.length === 0 && lists.every(([, names]) => names.length === 0);
  return (
    <>
      <h2>What is different</h2>
      {isSame && <p class="quiet">Nothing.</p>}
      {lists.map(
        ([label, names]) =>
          names.length > 0 && (
            <p key={label}>
              {label}:{' '}
              {names.map((name, at) => (
                <span key={name}>
                  {at > 0 && ', '}
                  <Code text={name} />
                </span>
              ))}
            </p>
          ),
      )}
      {changes.length > 0 && (
        <Wide label="Changed values">
          <table>
            <thead>
              <tr>
                <th>Of</th>
                <th>Key</th>
                <th>Before</th>
                <th>After</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr key={`${change.of}\n${change.key}`}>
                  <td>
                    <ForeignText text={change.of} none="graph" />
                  </td>
                  <td>
                    <Code text={change.key} />
                  </td>
                  <td class="removed">{change.old === null ? '–' : <Code text={change.old} />}</td>
                  <td class="added">{change.new === null ? '–' : <Code text={change.new} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </>
  );
}

function GroupChanges({ diff: { groups } }: { diff: GraphDiff }) {
  const rows = [
    ...groups.new.map((group) => ({ what: 'new', ...group })),
    ...groups.gone.map((group) => ({
      what: group.attempts_to === 0 ? 'gone, but its node was not tried' : 'gone',
      ...group,
    })),
    ...groups.unchanged.map((group) => ({ what: 'on both', ...group })),
  ];
  if (rows.length === 0) return null;
  return (
    <>
      <h2>What fails on them</h2>
      <Wide label="Groups on both versions">
        <table>
          <thead>
            <tr>
              <th>Group</th>
              <th>Node</th>
              <th>Is</th>
              <th>Failures before</th>
              <th>after</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((group) => (
              <tr key={group.fingerprint}>
                <td>
                  <a data-row href={to.group(group.fingerprint)}>
                    <ForeignText text={group.error_type} none="error" />
                  </a>
                </td>
                <td>
                  <ForeignText text={group.node_id} none="graph" />
                </td>
                <td>{group.what}</td>
                <td>{number(group.failures_from)}</td>
                <td>{number(group.failures_to)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}
