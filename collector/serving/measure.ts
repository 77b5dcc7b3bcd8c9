// Metrics that are read from counters which exist anyway, when somebody asks for them.
import { Counter, Gauge, type Registry } from 'prom-client';

/** A value with the labels it belongs to. */
export type Sample = [labels: Record<string, string>, value: number];

export interface Measure {
  type: 'counter' | 'gauge';
  /** With the unit in it; a counter's ends in `_total`. */
  name: string;
  help: string;
  labels?: readonly string[];
  /** Called once a scrape. */
  read(): number | Iterable<Sample>;
}

/** Adds a metric to a registry. */
export function measure(registry: Registry, { type, name, help, labels, read }: Measure): void {
  const about = { name, help, labelNames: labels ?? [], registers: [registry] };
  const samples = (): Iterable<Sample> => {
    const value = read();
    return typeof value === 'number' ? [[{}, value]] : value;
  };
  if (type === 'gauge') {
    new Gauge({
      ...about,
      collect() {
        this.reset();
        for (const [label, value] of samples()) this.set(label, value);
      },
    });
    return;
  }
  new Counter({
    ...about,
    collect() {
      this.reset();
      for (const [label, value] of samples()) this.inc(label, value);
    },
  });
}

/** Counts by one label. */
export class Counts {
  private readonly most: number;
  private readonly counted = new Map<string, number>();

  /** @param most different labels; what comes above is counted as `other` */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.most = most;
  }

  add(label: string, count = 1): void {
    const known = this.counted.has(label) || this.counted.size < this.most;
    const under = known ? label : 'other';
    this.counted.set(under, (this.counted.get(under) ?? 0) + count);
  }

  /** As samples under a label of this name. */
  samples(name: string): Sample[] {
    return [...this.counted].map(([label, value]) => [{ [name]: label }, value]);
  }
}
