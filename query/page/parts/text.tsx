// Text from outside. It is only ever text: a direction of its own, no markup, no links.
import type { ComponentChildren } from 'preact';
import { ago, readable, short, time } from '../format.ts';

/** A short text from outside within a sentence; `none` stands where it is empty. */
export function ForeignText({ text, none = '' }: { text: string; none?: string }) {
  return text ? <bdi class="said">{text}</bdi> : <span class="quiet">{none}</span>;
}

/** An id or address, cut to what distinguishes it from others, with all of it as the title. */
export function Id({ name }: { name: string }) {
  return (
    <bdi class="id" title={name}>
      {short(name)}
    </bdi>
  );
}

export function Code({ text }: { text: string }) {
  return <code dir="auto">{text}</code>;
}

/** A long text from outside, in a box that can be scrolled with the keyboard. */
export function Block({ label, text }: { label: string; text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="block" aria-label={label} tabIndex={0}>
      <pre dir="auto">{readable(text)}</pre>
    </section>
  );
}

/** How long ago, or with `exact` when; the other one is the title. */
export function Time({ at, exact = false }: { at: string; exact?: boolean }) {
  return (
    <time dateTime={at} title={exact ? ago(at) : time(at)}>
      {exact ? time(at) : ago(at)}
    </time>
  );
}

/** A table that scrolls in itself, so that the page does not. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="wide" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** Facts as pairs of a name and what it is. */
export function Facts({ facts }: { facts: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts.map(([name, fact]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}
