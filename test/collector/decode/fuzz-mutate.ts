// Takes requests apart into their fields, as the schema has them, and breaks them.
import protobuf from 'protobufjs';

/** A field; what holds fields itself has children. */
interface Field {
  tag: number;
  /** The message that it holds; undefined when it holds none. */
  type: protobuf.Type | undefined;
  bytes: Buffer;
  children: Field[] | undefined;
}

/** What is done, where, and with what; where and what are any numbers. */
export interface Step {
  kind: (typeof STEPS)[number];
  at: number;
  with: number;
  bytes: Uint8Array;
}

/** Those of the fields come before those of the bytes. */
export const STEPS = [
  'double',
  'swap',
  'remove',
  'replace',
  'retag',
  'key',
  'nest',
  'flip',
  'cut',
  'insert',
  'truncate',
  'length',
] as const;
const OF_FIELDS = 7;

export const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'x'.repeat(5000),
  'graph.node.id\0',
  'graph.node.id',
  '\ud800',
  'a\u202eb',
];

const HUGE_LENGTHS = [
  0x7f,
  0xffff,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32 + 1,
  2 ** 53,
  2 ** 63,
].map(varint);

/** The request after these steps. */
export function mutate(body: Buffer, type: protobuf.Type, steps: readonly Step[]): Buffer {
  const ofFields = steps.filter(({ kind }) => STEPS.indexOf(kind) < OF_FIELDS);
  const ofBytes = steps.filter(({ kind }) => STEPS.indexOf(kind) >= OF_FIELDS);
  let out = body;
  if (ofFields.length > 0) {
    const tree = parse(body, type);
    for (const step of ofFields) changeFields(tree, step);
    out = encode(tree);
  }
  for (const step of ofBytes) out = changeBytes(out, step);
  return out;
}

function parse(body: Buffer, type: protobuf.Type): Field[] {
  const reader = protobuf.Reader.create(body);
  const fields: Field[] = [];
  while (reader.pos < body.length) {
    const tag = reader.uint32();
    const start = reader.pos;
    const inner = type.fieldsById[tag >>> 3]?.resolve().resolvedType;
    if ((tag & 7) === 2) {
      const length = reader.uint32();
      const bytes = body.subarray(reader.pos, reader.pos + length);
      reader.pos += length;
      const message = inner instanceof protobuf.Type ? inner : undefined;
      const children = message && parse(bytes, message);
      fields.push({ tag, type: message, bytes, children });
    } else {
      reader.skipType(tag & 7);
      fields.push({
        tag,
        type: undefined,
        bytes: body.subarray(start, reader.pos),
        children: undefined,
      });
    }
  }
  return fields;
}

function encode(fields: readonly Field[]): Buffer {
  const sizes = new Map<Field, number>();
  const out = Buffer.allocUnsafe(sizeOf(fields, sizes));
  write(fields, sizes, out, 0);
  return out;
}

function sizeOf(fields: readonly Field[], sizes: Map<Field, number>): number {
  let sum = 0;
  for (const field of fields) {
    const { tag, bytes, children } = field;
    const size = children ? sizeOf(children, sizes) : bytes.length;
    sizes.set(field, size);
    sum += size + varintSize(tag) + ((tag & 7) === 2 ? varintSize(size) : 0);
  }
  return sum;
}

function write(
  fields: readonly Field[],
  sizes: ReadonlyMap<Field, number>,
  out: Buffer,
  start: number,
): number {
  let pos = start;
  for (const field of fields) {
    pos = putVarint(field.tag, out, pos);
    if ((field.tag & 7) === 2) pos = putVarint(sizes.get(field)!, out, pos);
    if (field.children) pos = write(field.children, sizes, out, pos);
    else pos += field.bytes.copy(out, pos);
  }
  return pos;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}

function putVarint(value: number, out: Buffer, start: number): number {
  let pos = start;
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) out[pos++] = (rest % 128) | 128;
  out[pos++] = rest;
  return pos;
}

function changeFields(tree: Field[], step: Step): void {
  const lists: Field[][] = [tree];
  for (let index = 0; index < lists.length; index++) {
    for (const { children } of lists[index]!) if (children) lists.push(children);
  }
  const all = lists.flatMap((list) => list.map((field, index) => ({ list, field, index })));
  const wanted = { key: 'KeyValue', nest: 'AnyValue' }[step.kind as string];
  const fitting = wanted ? all.filter(({ field }) => field.type?.name === wanted) : all;
  const place = fitting[step.at % fitting.length];
  if (place === undefined) return;
  const { list, field, index } = place;
  if (step.kind === 'double') list.splice(step.with % (list.length + 1), 0, structuredCopy(field));
  else if (step.kind === 'swap') {
    const other = step.with % list.length;
    [list[index], list[other]] = [list[other]!, list[index]!];
  } else if (step.kind === 'remove') list.splice(index, 1);
  else if (step.kind === 'replace') {
    field.children = undefined;
    field.bytes = Buffer.from(step.bytes);
  } else if (step.kind === 'retag') field.tag = (field.tag & ~7) | (step.with & 7);
  else if (step.kind === 'key') renameKey(field, step);
  else {
    field.children = undefined;
    field.bytes = nested((step.with % 40) * (step.with % 97 === 0 ? 100 : 1), step.with % 2 === 0);
  }
}

function structuredCopy(field: Field): Field {
  const children = field.children?.map(structuredCopy);
  return { ...field, children };
}

function renameKey(field: Field, step: Step): void {
  const known = HOSTILE_KEYS[step.with % (HOSTILE_KEYS.length + 1)];
  const bytes = known === undefined ? Buffer.from(step.bytes) : Buffer.from(known);
  const rest = (field.children ?? []).filter(({ tag }) => tag !== 0x0a);
  field.children = [{ tag: 0x0a, type: undefined, bytes, children: undefined }, ...rest];
}

/** An AnyValue of so many lists in one another. */
function nested(levels: number, inLists: boolean): Buffer {
  let value: Buffer = Buffer.from([0x0a, 1, 0x78]);
  for (let level = 0; level < levels; level++) {
    // An ArrayValue with one value, or a KeyValueList with one entry without a key.
    const item = inLists ? value : wrap(0x12, value);
    value = wrap(inLists ? 0x2a : 0x32, wrap(0x0a, item));
  }
  return value;
}

function wrap(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(content.length), content]);
}

function changeBytes(body: Buffer, step: Step): Buffer {
  const at = body.length === 0 ? 0 : step.at % body.length;
  const more = Buffer.from(step.bytes);
  switch (step.kind) {
    case 'flip': {
      const out = Buffer.from(body);
      if (out.length > 0) out[at] = step.with & 0xff;
      return out;
    }
    case 'cut':
      return Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + (step.with % 40))]);
    case 'insert':
      return Buffer.concat([body.subarray(0, at), more, body.subarray(at)]);
    case 'truncate':
      return body.subarray(0, at);
    default: {
      const length = HUGE_LENGTHS[step.with % HUGE_LENGTHS.length]!;
      return Buffer.concat([body.subarray(0, at), length, body.subarray(at + 1)]);
    }
  }
}

function varint(value: number): Buffer {
  const out = Buffer.alloc(varintSize(value));
  putVarint(value, out, 0);
  return out;
}
