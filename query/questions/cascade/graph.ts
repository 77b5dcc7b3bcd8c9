// Where the edges of a graph lead.

export class Edges {
  private readonly targets = new Map<string, Set<string>>();
  private readonly reached = new Map<string, Set<string>>();

  /** @param edges as `source->target` */
  constructor(edges: readonly string[]) {
    for (const edge of edges) {
      // A node's id may hold an arrow: then other readings lead to nodes that there are not.
      for (let at = edge.indexOf(ARROW); at >= 0; at = edge.indexOf(ARROW, at + 1)) {
        const source = edge.slice(0, at);
        const targets = this.targets.get(source) ?? new Set();
        this.targets.set(source, targets.add(edge.slice(at + ARROW.length)));
      }
    }
  }

  get isKnown(): boolean {
    return this.targets.size > 0;
  }

  leads(from: string, to: string): boolean {
    return this.targets.get(from)?.has(to) ?? false;
  }

  /** Whether there is a way from one node to the other. */
  reaches(from: string, to: string): boolean {
    let reached = this.reached.get(from);
    if (!reached) {
      reached = this.allFrom(from);
      this.reached.set(from, reached);
    }
    return reached.has(to);
  }

  private allFrom(from: string): Set<string> {
    const reached = new Set<string>();
    const open = [from];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const next of this.targets.get(node) ?? []) {
        if (!reached.has(next)) open.push(next);
        reached.add(next);
      }
    }
    return reached;
  }
}

const ARROW = '->';
