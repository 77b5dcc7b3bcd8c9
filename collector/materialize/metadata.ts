// OpenInference puts what LangChain knows of a run into one attribute, as JSON text. What matters of it
// is read as if it were attributes of the span.
import type { Attributes } from '../decode/span.ts';

const METADATA = 'metadata';
const FIELDS = ['langgraph_node', 'langgraph_step', 'langgraph_checkpoint_ns', 'thread_id'];
/** Characters of metadata that are parsed; beyond, somebody put data there. */
const MAX_LENGTH = 64 * 1024;

/** The attributes, with those that only their `metadata` has. */
export function withMetadata(attributes: Attributes): Attributes {
  const metadata = attributes.get(METADATA);
  if (typeof metadata !== 'string' || metadata.length > MAX_LENGTH) return attributes;
  if (!FIELDS.some((field) => metadata.includes(field))) return attributes;
  let parsed: Record<string, unknown> | null;
  try {
    parsed = JSON.parse(metadata);
  } catch {
    return attributes;
  }
  if (typeof parsed !== 'object' || parsed === null) return attributes;
  const all: Attributes = new Map(attributes);
  for (const field of FIELDS) {
    const value = Object.hasOwn(parsed, field) ? parsed[field] : undefined;
    if (all.has(field)) continue;
    if (typeof value === 'string') all.set(field, value.replace(/\p{Surrogate}/gu, '\ufffd'));
    else if (typeof value === 'number') all.set(field, value);
  }
  return all;
}
