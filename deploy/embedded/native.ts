import { type ColumnType, parseType, skipData, skipPrefix } from './native-columns.ts';
import { NativeReader } from './native-reader.ts';

const REVISION_WITH_BLOCK_INFO = 51903;
const REVISION_WITH_CUSTOM_SERIALIZATION = 54454;

/** Field 1 is_overflows = 0, field 2 bucket_num = -1, end. */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);
const NO_CUSTOM_SERIALIZATION = Buffer.from([0]);

/**
 * @param chunks Native at revision 0; each chunk holds whole blocks.
 * @throws ClickHouseException 48 for a column type that cannot be walked (JSON, Dynamic, Variant).
 */
export async function* nativeOfRevision(
  chunks: AsyncIterable<Uint8Array>,
  revision: number,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    yield Buffer.concat(converted(bytes, revision));
  }
}

function converted(bytes: Buffer, revision: number): Buffer[] {
  const parts: Buffer[] = [];
  const reader = new NativeReader(bytes);
  const types = new Map<string, ColumnType>();
  let copied = 0;
  const copyUpTo = (end: number) => {
    parts.push(bytes.subarray(copied, end));
    copied = end;
  };
  while (reader.at < bytes.length) {
    copyUpTo(reader.at);
    if (revision >= REVISION_WITH_BLOCK_INFO) parts.push(BLOCK_INFO);
    const columns = reader.varint();
    const rows = reader.varint();
    for (let column = 0; column < columns; column += 1) {
      reader.text();
      const typeName = reader.text();
      if (revision >= REVISION_WITH_CUSTOM_SERIALIZATION) {
        copyUpTo(reader.at);
        parts.push(NO_CUSTOM_SERIALIZATION);
      }
      if (rows === 0) continue;
      const type = types.get(typeName) ?? parseType(typeName);
      types.set(typeName, type);
      skipPrefix(reader, type);
      skipData(reader, type, rows);
    }
  }
  copyUpTo(bytes.length);
  return parts;
}
