// Whose span it is: service, agent, session, run, graph. The same for every kind of row.
import {
  ATTR_FAULTLINE_REPLAY,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GRAPH_ID,
  ATTR_GRAPH_RUN_ID,
  ATTR_GRAPH_SNAPSHOT_REF,
} from '../../instrumentation/semconv/index.ts';
import type { Resource, Span } from '../decode/span.ts';
import type { Steps } from '../decode/turns.ts';
import type { AttributeReader } from './attribute-reader.ts';
import { MAX_NAME_BYTES, textOf } from './bounds.ts';
import { FieldRedactor, type Secrets } from './field-redactor.ts';
import { hasMuchText, inSteps } from './in-steps.ts';
import { storedAttributes } from './stored-attributes.ts';

export interface Origin {
  service_name: string;
  environment: string;
  agent_id: string;
  agent_name: string;
  session_id: string;
  run_id: string;
  graph_id: string;
  graph_snapshot_ref: string;
}

/** What the resource says, worked out once for all its spans. */
interface Service {
  service_name: string;
  environment: string;
  agent_id: string;
  /** `release:<version>`, which stands for a graph's version where none is known; '' without. */
  release: string;
  attributes: Record<string, string>;
  /** What was removed from it. */
  redactor: FieldRedactor;
}

const services = new WeakMap<Resource, { service: Service; secrets: Secrets }>();

/** @param secrets what finds secrets in it */
export function serviceOf(resource: Resource, secrets: Secrets): Service {
  // What is only for one span finds nothing, or only what is in that span.
  const finder = secrets.of ?? secrets;
  const made = services.get(resource);
  if (made?.secrets === finder) return made.service;
  const service = makeService(resource, finder);
  services.set(resource, { service, secrets: finder });
  return service;
}

/** What {@link inSteps} makes of what belongs to a resource. */
export function* inStepsOf<Made>(
  resource: Resource,
  secrets: Secrets,
  make: (secrets: Secrets) => Made,
): Steps<Made> {
  if (hasMuchText(resource)) yield* readService(resource, secrets);
  return yield* inSteps(secrets, make);
}

/** Makes {@link serviceOf} ready. */
function* readService(resource: Resource, secrets: Secrets): Steps<void> {
  if (services.get(resource)?.secrets === secrets) return;
  const service = yield* inSteps(secrets, (finder) => makeService(resource, finder));
  services.set(resource, { service, secrets });
}

function makeService(resource: Resource, secrets: Secrets): Service {
  const redactor = new FieldRedactor(secrets);
  const text = (key: string) =>
    redactor.id(key, textOf(resource.attributes.get(key)), MAX_NAME_BYTES);
  return {
    redactor,
    service_name: text('service.name'),
    environment: text('deployment.environment.name') || text('deployment.environment'),
    agent_id: text(ATTR_FAULTLINE_AGENT_ID) || text(ATTR_GEN_AI_AGENT_ID),
    release: releaseOf(text),
    attributes: storedAttributes(resource.attributes, redactor),
  };
}

/** How a user says who the agent is, whatever his instrumentation writes. */
const ATTR_FAULTLINE_AGENT_ID = 'faultline.agent.id';

/** Whether the process that sends this runs a case again: then it is no part of production. */
export function isReplay({ attributes }: Resource): boolean {
  return textOf(attributes.get(ATTR_FAULTLINE_REPLAY)) !== '';
}

function releaseOf(text: (key: string) => string): string {
  const version = text('service.version') || text('vcs.ref.head.revision');
  return version === '' ? '' : `release:${version}`;
}

/**
 * Takes the origin from a span or a record tied to one. Without an agent id, the agent's name or the service's stands for
 * it; without a run id, the trace id does.
 */
export function takeOrigin(
  resource: Resource,
  span: Pick<Span, 'traceId'>,
  attributes: AttributeReader,
): Origin {
  const service = serviceOf(resource, attributes.redactor.secrets);
  const agentName = attributes.text(ATTR_GEN_AI_AGENT_NAME);
  return {
    service_name: service.service_name,
    environment: service.environment,
    agent_id:
      textOf(resource.attributes.get(ATTR_FAULTLINE_AGENT_ID)) !== ''
        ? service.agent_id
        : attributes.text(ATTR_GEN_AI_AGENT_ID) ||
          service.agent_id ||
          agentName ||
          service.service_name,
    agent_name: agentName,
    session_id: attributes.text(ATTR_GEN_AI_CONVERSATION_ID),
    run_id: attributes.text(ATTR_GRAPH_RUN_ID) || span.traceId,
    graph_id: attributes.text(ATTR_GRAPH_ID),
    graph_snapshot_ref: attributes.text(ATTR_GRAPH_SNAPSHOT_REF),
  };
}
