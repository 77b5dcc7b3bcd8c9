import {
  ATTR_EVOLUTION_ID,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GROUP_EVENT_AUTHOR,
  ATTR_GROUP_EVENT_FINGERPRINT,
  ATTR_GROUP_EVENT_ID,
  ATTR_GROUP_EVENT_KIND,
  ATTR_GROUP_EVENT_OTHER_FINGERPRINT,
  ATTR_GROUP_EVENT_REASON,
  ATTR_GROUP_EVENT_VALUE,
  changeGroupAttributes,
  FAILURE_CLASS_VALUES,
} from '../../instrumentation/semconv/index.ts';
import type { Span } from '../decode/span.ts';
import type { GroupEventRow } from '../rows/rows.ts';
import { firstCredible, formatTime } from '../rows/time.ts';
import type { AttributeReader } from './attribute-reader.ts';
import type { Origin } from './origin.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FINGERPRINT = /^v\d{1,4}:[0-9a-f]{32}$/;
/** Kinds that name another group. */
const OF_TWO: ReadonlySet<string> = new Set(['merge', 'propose', 'dismiss']);
const CLASSES: readonly string[] = FAILURE_CLASS_VALUES;

/** The row of a `change_group` span, or what is wrong with it, naming the attribute. */
export function groupEventRow(
  span: Span,
  attributes: AttributeReader,
  origin: Origin,
  receivedAt: bigint,
): GroupEventRow | string {
  const parsed = changeGroupAttributes.safeParse({
    ...Object.fromEntries(span.attributes),
    ...(origin.agent_id === '' ? {} : { [ATTR_GEN_AI_AGENT_ID]: origin.agent_id }),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return `${issue.path.join('.')}: ${issue.message}`;
  }
  const {
    [ATTR_GROUP_EVENT_ID]: id,
    [ATTR_GROUP_EVENT_KIND]: kind,
    [ATTR_GROUP_EVENT_FINGERPRINT]: fingerprint,
    [ATTR_GROUP_EVENT_OTHER_FINGERPRINT]: other = '',
    [ATTR_GROUP_EVENT_VALUE]: value = '',
  } = parsed.data;
  const unfit = (name: string, expected: string, text: string): string =>
    `${name}: expected ${expected}, got ${JSON.stringify(attributes.redactor.text(name, text, 60))}`;

  if (!UUID.test(id)) return unfit(ATTR_GROUP_EVENT_ID, 'a UUID', id);
  if (!FINGERPRINT.test(fingerprint)) {
    return unfit(ATTR_GROUP_EVENT_FINGERPRINT, 'a fingerprint', fingerprint);
  }
  const isOfTwo = OF_TWO.has(kind);
  if (isOfTwo && (!FINGERPRINT.test(other) || other === fingerprint)) {
    return unfit(ATTR_GROUP_EVENT_OTHER_FINGERPRINT, 'the fingerprint of another group', other);
  }
  if (kind === 'annotate' && value !== '' && !CLASSES.includes(value)) {
    return unfit(ATTR_GROUP_EVENT_VALUE, 'a class of failures', value);
  }
  if (kind === 'note' && value === '') return `${ATTR_GROUP_EVENT_VALUE}: must not be empty`;
  return {
    timestamp: formatTime(firstCredible(span.startNs, span.endNs, receivedAt)),
    event_id: id.toLowerCase(),
    agent_id: origin.agent_id,
    fingerprint,
    kind,
    other_fingerprint: isOfTwo ? other : '',
    value: attributes.text(ATTR_GROUP_EVENT_VALUE),
    author: attributes.text(ATTR_GROUP_EVENT_AUTHOR),
    reason: attributes.text(ATTR_GROUP_EVENT_REASON),
    evolution_id: attributes.text(ATTR_EVOLUTION_ID),
  };
}
