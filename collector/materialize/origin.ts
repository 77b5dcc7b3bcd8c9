// Whose span it is: service, agent, session, run, graph. The same for every kind of row.
import {
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GRAPH_ID,
  ATTR_GRAPH_RUN_ID,
  ATTR_GRAPH_SNAPSHOT_REF,
} from '../../instrumentation/semconv/index.ts';
import type { Resource, Span } from '../otlp/span.ts';
import type { AttributeReader } from './attribute-reader.ts';
import { cut, MAX_NAME_BYTES, storedAttributes, textOf } from './bounds.ts';

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
  attributes: Record<string, string>;
}

const services = new WeakMap<Resource, Service>();

export function serviceOf(resource: Resource): Service {
  let service = services.get(resource);
  if (service === undefined) {
    const text = (key: string) => cut(textOf(resource.attributes.get(key)), MAX_NAME_BYTES);
    service = {
      service_name: text('service.name'),
      environment: text('deployment.environment.name') || text('deployment.environment'),
      agent_id: text(ATTR_GEN_AI_AGENT_ID),
      attributes: storedAttributes(resource.attributes),
    };
    services.set(resource, service);
  }
  return service;
}

/**
 * Takes the origin from the span. Without an agent id, the agent's name or the service's stands for
 * it; without a run id, the trace id does.
 */
export function takeOrigin(resource: Resource, span: Span, attributes: AttributeReader): Origin {
  const service = serviceOf(resource);
  const agentName = attributes.text(ATTR_GEN_AI_AGENT_NAME);
  return {
    service_name: service.service_name,
    environment: service.environment,
    agent_id:
      attributes.text(ATTR_GEN_AI_AGENT_ID) ||
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
