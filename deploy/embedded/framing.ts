/**
 * How the chunks of a streamed answer go together.
 *
 * chDB writes every chunk as an answer of its own: with the format's header, and its footer where it
 * has one. Chunks of formats without either are simply joined, headers of later chunks are cut off,
 * and what has a footer, a count or an index is not streamed at all.
 */
type Framing =
  | { kind: 'joined' }
  | { kind: 'header'; length: (chunk: Uint8Array) => number }
  | { kind: 'whole' };

const JOINED = new Set(
  [
    ['TabSeparated', 'TSV', 'TabSeparatedRaw', 'TSVRaw', 'Raw', 'CSV', 'TSKV', 'LineAsString'],
    ['JSONEachRow', 'JSONLines', 'NDJSON', 'JSONStringsEachRow'],
    ['JSONCompactEachRow', 'JSONCompactStringsEachRow', 'JSONEachRowWithProgress'],
    ['RowBinary', 'MsgPack', 'RawBLOB', 'Null'],
  ]
    .flat()
    .map((name) => name.toLowerCase()),
);

const LINE_HEADER =
  /^(?:tabseparated|tsv|tabseparatedraw|tsvraw|csv|jsoncompacteachrow|jsoncompactstringseachrow)withnames(andtypes)?$/;
const BINARY_HEADER = /^rowbinarywithnames(andtypes)?$/;

export function framingOf(format: string): Framing {
  const name = format.toLowerCase();
  if (JOINED.has(name)) return { kind: 'joined' };
  // Each chunk is a row of blocks that tell their own columns.
  if (name === 'native') return { kind: 'header', length: () => 0 };
  const lines = LINE_HEADER.exec(name);
  if (lines) return { kind: 'header', length: (chunk) => lengthOfLines(chunk, lines[1] ? 2 : 1) };
  const binary = BINARY_HEADER.exec(name);
  if (binary) return { kind: 'header', length: (chunk) => lengthOfNames(chunk, binary[1] ? 2 : 1) };
  return { kind: 'whole' };
}

function lengthOfLines(chunk: Uint8Array, lines: number): number {
  let end = 0;
  for (let line = 0; line < lines; line += 1) end = chunk.indexOf(0x0a, end) + 1;
  return end;
}

/** A count of columns, then their names and, with `perColumn` 2, their types, each behind its length. */
function lengthOfNames(chunk: Uint8Array, perColumn: number): number {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = chunk[at]!;
      at += 1;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  const columns = varint();
  for (let text = 0; text < columns * perColumn; text += 1) {
    const length = varint();
    at += length;
  }
  return at;
}
