// Which agent a framework's graph belongs to, when the app does not say so in code.
import { variable } from '../../semconv/variables.ts';

/**
 * The agent's id: what is `given`, else `FAULTLINE_AGENT_ID`, else the graph's name if it has one, else the
 * service's name (`OTEL_SERVICE_NAME`, or `service.name` in `OTEL_RESOURCE_ATTRIBUTES`), else `otherwise`.
 */
export function agentIdOf(
  given: string | undefined,
  name: string | undefined,
  otherwise: string,
): string {
  return given || variable('FAULTLINE_AGENT_ID') || name || serviceName() || otherwise;
}

function serviceName(): string | undefined {
  const own = process.env.OTEL_SERVICE_NAME;
  if (own) return own;
  const found = /(?:^|,)\s*service\.name=([^,]+)/.exec(process.env.OTEL_RESOURCE_ATTRIBUTES ?? '');
  return found?.[1]?.trim();
}
