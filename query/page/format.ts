// Numbers and times as a person reads them.
const numbers = new Intl.NumberFormat('en');
const shares = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
const ages = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export const number = (value: number): string => numbers.format(value);
export const share = (value: number): string => shares.format(value);
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`;

const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

export function ago(instant: string, now = Date.now()): string {
  const passed = Date.parse(instant) - now;
  if (Number.isNaN(passed)) return 'at an unknown time';
  const [unit, size] = STEPS.find(([, step]) => Math.abs(passed) >= step) ?? STEPS[3];
  return ages.format(Math.round(passed / size), unit);
}

/** To the second and in UTC, as all times of the service are. */
export const time = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`;

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000)
    return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

/** The part of a fingerprint or address that distinguishes it from others. */
export const short = (name: string): string => {
  const [kind, rest] = name.split(':');
  return rest ? `${kind}:${rest.slice(0, 10)}` : name.slice(0, 13);
};

/** JSON text with line breaks, each value as it was written; any other text as it is. */
export function readable(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? indented(text) : text;
  } catch {
    return text;
  }
}

/** Strings, brackets and separators of JSON, and runs of anything else but space. */
const PIECES = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

function indented(json: string): string {
  const pieces = json.match(PIECES) ?? [];
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return pieces
    .map((piece, at) => {
      if (piece === ',') return `,${line()}`;
      if (piece === ':') return ': ';
      if (piece === '{' || piece === '[') {
        depth += 1;
        return /[}\]]/.test(pieces[at + 1]?.[0] ?? '') ? piece : piece + line();
      }
      if (piece !== '}' && piece !== ']') return piece;
      depth -= 1;
      return /[{[]/.test(pieces[at - 1]?.[0] ?? '') ? piece : line() + piece;
    })
    .join('');
}
