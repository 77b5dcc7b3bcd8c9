// Where nodes and edges of a graph are drawn: in layers from top to bottom, each node below all that lead
// to it; edges that lead back are led around on the right.
import type { Graph } from './body.ts';

export const NODE_WIDTH = 150;
export const NODE_HEIGHT = 40;
const GAP_X = 24;
const GAP_Y = 52;
const MARGIN = 12;
/** Room for edges that lead back. */
const BACK = 40;
const SWEEPS = 4;

export interface Layout {
  width: number;
  height: number;
  /** Upper left corners. */
  nodes: Map<string, { x: number; y: number }>;
  edges: { source: string; target: string; title: string; path: string; isBack: boolean }[];
}

export function layOut(graph: Graph): Layout {
  const back = backEdges(graph);
  const forward = graph.edges.filter((edge) => !back.has(keyOf(edge)));
  const layers = layersOf(graph, forward);
  const widest = Math.max(...layers.map((layer) => layer.length));
  const inner = widest * (NODE_WIDTH + GAP_X) - GAP_X;
  const nodes: Layout['nodes'] = new Map();
  layers.forEach((layer, row) => {
    const left = MARGIN + (inner - (layer.length * (NODE_WIDTH + GAP_X) - GAP_X)) / 2;
    layer.forEach((id, column) => {
      nodes.set(id, {
        x: left + column * (NODE_WIDTH + GAP_X),
        y: MARGIN + row * (NODE_HEIGHT + GAP_Y),
      });
    });
  });
  const width = inner + 2 * MARGIN + (back.size > 0 ? BACK : 0);
  return {
    width,
    height: layers.length * (NODE_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN,
    nodes,
    edges: graph.edges.map(({ source, target, condition }) => {
      const isBack = back.has(keyOf({ source, target }));
      const [from, onto] = [nodes.get(source)!, nodes.get(target)!];
      const title = `${source} → ${target}${condition && `: ${condition}`}`;
      const path = isBack ? around(from, onto, width) : down(from, onto);
      return { source, target, title, path, isBack };
    }),
  };
}

function grouped<T, K>(items: T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known) known.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const keyOf = ({ source, target }: { source: string; target: string }): string =>
  JSON.stringify([source, target]);

/** Edges to a node that one is still inside of, going through the graph depth first. */
function backEdges({ nodes, edges, entry }: Graph): Set<string> {
  const next = grouped(edges, ({ source }) => source);
  const targets = new Set(edges.map(({ target }) => target));
  const starts = nodes.map(({ id }) => id).filter((id) => !targets.has(id));
  const state = new Map<string, 'inside' | 'done'>();
  const found = new Set<string>();
  for (const start of [...(entry ? [entry] : []), ...starts, ...nodes.map(({ id }) => id)]) {
    if (state.has(start)) continue;
    const way = [{ id: start, at: 0 }];
    state.set(start, 'inside');
    for (let here = way.at(-1); here; here = way.at(-1)) {
      const edge = next.get(here.id)?.[here.at++];
      if (!edge) {
        state.set(here.id, 'done');
        way.pop();
      } else if (state.get(edge.target) === 'inside') found.add(keyOf(edge));
      else if (!state.has(edge.target)) {
        state.set(edge.target, 'inside');
        way.push({ id: edge.target, at: 0 });
      }
    }
  }
  return found;
}

/** Each node in the layer after the last that leads to it; within a layer near what leads to it. */
function layersOf({ nodes }: Graph, forward: Graph['edges']): string[][] {
  const depth = new Map(nodes.map(({ id }) => [id, 0]));
  const open = new Map(nodes.map(({ id }) => [id, 0]));
  for (const { target } of forward) open.set(target, open.get(target)! + 1);
  const next = grouped(forward, ({ source }) => source);
  const ready = nodes.map(({ id }) => id).filter((id) => open.get(id) === 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    for (const { target } of next.get(id) ?? []) {
      depth.set(target, Math.max(depth.get(target)!, depth.get(id)! + 1));
      open.set(target, open.get(target)! - 1);
      if (open.get(target) === 0) ready.push(target);
    }
  }
  const byDepth = grouped(nodes, ({ id }) => depth.get(id)!);
  const layers = [...byDepth.keys()]
    .sort((one, other) => one - other)
    .map((key) => byDepth.get(key)!.map(({ id }) => id));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) straighten(layers, forward);
  return layers;
}

function straighten(layers: string[][], forward: Graph['edges']): void {
  const into = grouped(forward, ({ target }) => target);
  const place = new Map<string, number>();
  for (const layer of layers) {
    const weight = (id: string, own: number) => {
      const above = (into.get(id) ?? []).flatMap(({ source }) => place.get(source) ?? []);
      return above.length > 0 ? above.reduce((sum, at) => sum + at, 0) / above.length : own;
    };
    const weights = new Map(layer.map((id, at) => [id, weight(id, at / layer.length)]));
    layer.sort((one, other) => weights.get(one)! - weights.get(other)!);
    layer.forEach((id, at) => {
      place.set(id, (at + 0.5) / layer.length);
    });
  }
}

type Corner = { x: number; y: number };

function down(from: Corner, onto: Corner): string {
  const [x1, y1] = [from.x + NODE_WIDTH / 2, from.y + NODE_HEIGHT];
  const [x2, y2] = [onto.x + NODE_WIDTH / 2, onto.y - 5];
  const bend = Math.max(GAP_Y / 2, (y2 - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}

function around(from: Corner, onto: Corner, width: number): string {
  const [x1, y1] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2 + 6];
  const [x2, y2] = [onto.x + NODE_WIDTH + 5, onto.y + NODE_HEIGHT / 2 - 6];
  return `M${x1} ${y1}C${width} ${y1} ${width} ${y2} ${x2} ${y2}`;
}
