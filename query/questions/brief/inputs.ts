// What the inputs on which a group failed have in common.

/** What is said of inputs at most. */
const FACTS = 4;
const DEPTH = 4;
const PATHS = 200;
const VALUE = 40;

type Values = Map<string, unknown[]>;

function collect(value: unknown, path: string, depth: number, into: Map<string, unknown>): void {
  if (into.size >= PATHS) return;
  if (path !== '') into.set(path, value);
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, item] of Object.entries(value)) {
    collect(item, path === '' ? key : `${path}.${key}`, depth - 1, into);
  }
}

const isEmpty = (value: unknown): boolean =>
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A fact about one field: the kinds that explain most come first. */
interface Fact {
  rank: number;
  field: string;
  /** With `value` in it as data from outside, where there is one. */
  is: string;
  value: string | null;
}

function factOf(field: string, values: unknown[], inputs: number): Fact | undefined {
  const fact = (rank: number, is: string, value: string | null = null): Fact => ({
    rank,
    field,
    is,
    value,
  });
  if (values.length < inputs) {
    return fact(4, `missing in ${inputs - values.length} of ${inputs}`);
  }
  if (values.every((value) => value === null)) return fact(0, 'null in all');
  if (values.every(isEmpty)) return fact(1, 'empty in all');
  const nulls = values.filter((value) => value === null).length;
  if (nulls > 0) return fact(3, `null in ${nulls} of ${inputs}`);
  if (values.every((value) => typeof value === 'number')) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (low === high) return fact(5, 'in all', String(low));
    return fact(high <= 0 ? 2 : 7, `${low} to ${high}`);
  }
  const [first] = values;
  if (isScalar(first) && values.every((value) => value === first)) {
    const text = JSON.stringify(first);
    return text.length <= VALUE ? fact(5, 'in all', text) : undefined;
  }
  const types = [...new Set(values.map((value) => (Array.isArray(value) ? 'list' : typeof value)))];
  return types.length > 1 ? fact(6, `of types ${types.sort().join(', ')}`) : undefined;
}

interface InCommon {
  /** Distinct inputs that were compared; those that are no JSON objects are not. */
  inputs: number;
  facts: { field: string; is: string; value: string | null }[];
}

/** Compares the inputs, JSON texts of objects; one alone has nothing in common but null and empty fields. */
export function inCommon(texts: readonly string[]): InCommon {
  const objects = [...new Set(texts)].flatMap((text) => {
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value] : [];
    } catch {
      return [];
    }
  });
  const values: Values = new Map();
  for (const object of objects) {
    const fields = new Map<string, unknown>();
    collect(object, '', DEPTH, fields);
    for (const [path, value] of fields) values.set(path, [...(values.get(path) ?? []), value]);
  }
  const most = objects.length === 1 ? 1 : 7;
  const facts = [...values]
    .flatMap(([path, all]) => factOf(path, all, objects.length) ?? [])
    .filter(({ rank }) => rank <= most)
    .sort((one, other) => one.rank - other.rank || (one.field < other.field ? -1 : 1))
    .slice(0, FACTS)
    .map(({ rank: _, ...fact }) => fact);
  return { inputs: objects.length, facts };
}
