// A graph as a picture. The same stands in words beside it.
import { useId, useMemo } from 'preact/hooks';
import type { Graph } from './body.ts';
import { type Layout, layOut, NODE_HEIGHT, NODE_WIDTH } from './layout.ts';

/** More than this is not a picture that anyone could read. */
export const DRAWN_NODES = 150;
const CHARACTERS = 19;

export interface Mark {
  kind: 'failing' | 'asked' | 'added' | 'removed' | 'changed';
  /** Shown under the name of the node. */
  note: string;
}

export function Drawing({
  graph,
  label,
  marks,
}: {
  graph: Graph;
  label: string;
  marks: Map<string, Mark>;
}) {
  const layout = useMemo(() => layOut(graph), [graph]);
  const arrow = useId();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="wide" aria-label={label} tabIndex={0}>
      <svg
        class="graph"
        role="img"
        aria-label={label}
        width={layout.width}
        height={layout.height}
        viewBox={`0 0 ${layout.width} ${layout.height}`}
      >
        <defs>
          <marker
            id={arrow}
            viewBox="0 0 8 8"
            refX="6"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8Z" />
          </marker>
        </defs>
        {layout.edges.map(({ source, target, title, path, isBack }, at) => (
          <path
            key={`${at} ${title}`}
            class={`edge ${isBack ? 'back' : ''} ${marks.get(`${source}->${target}`)?.kind ?? ''}`}
            d={path}
            marker-end={`url(#${arrow})`}
          >
            <title>{title}</title>
          </path>
        ))}
        {graph.nodes.map(({ id, type }) => (
          <Node key={id} id={id} type={type} corner={layout.nodes.get(id)!} mark={marks.get(id)} />
        ))}
      </svg>
    </section>
  );
}

const cut = (text: string): string =>
  text.length > CHARACTERS ? `${text.slice(0, CHARACTERS)}…` : text;

function Node({
  id,
  type,
  corner,
  mark,
}: {
  id: string;
  type: string;
  corner: Layout['nodes'] extends Map<string, infer C> ? C : never;
  mark: Mark | undefined;
}) {
  const note = mark?.note ?? type;
  return (
    <g class={`node ${mark?.kind ?? ''}`} transform={`translate(${corner.x} ${corner.y})`}>
      <title>{id}</title>
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx="6" />
      <text x={NODE_WIDTH / 2} y={note ? 17 : 25} text-anchor="middle">
        {cut(id)}
      </text>
      {note && (
        <text class="note" x={NODE_WIDTH / 2} y="32" text-anchor="middle">
          {cut(note)}
        </text>
      )}
    </g>
  );
}
