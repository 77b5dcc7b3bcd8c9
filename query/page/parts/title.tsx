// The name of a view, in the page and in the tab, and the views of one agent beside it.
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { to } from '../route.ts';
import { CopyPrompt } from './copy-prompt.tsx';
import { ForeignText } from './text.tsx';

export function Title({ children, tab }: { children: ComponentChildren; tab: string }) {
  useEffect(() => {
    document.title = `${tab} · Faultline`;
  }, [tab]);
  return <h1>{children}</h1>;
}

export function AgentTitle({
  agent,
  view,
}: {
  agent: string;
  view: 'groups' | 'graph' | 'timeline';
}) {
  const views = [
    ['groups', 'Groups', to.agent(agent)],
    ['graph', 'Nodes and graph', to.nodes(agent)],
    ['timeline', 'Timeline', to.timeline(agent)],
  ] as const;
  return (
    <>
      <Title tab={`${agent.slice(0, 60)} ${view}`}>
        <ForeignText text={agent} />
      </Title>
      <nav class="tabs" aria-label="Views of the agent">
        {views.map(([name, label, address]) => (
          <a key={name} href={address} aria-current={name === view ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <CopyPrompt key={agent} agent={agent} />
    </>
  );
}
