// What can be said about a group: each is an event that is remembered, and can be taken back.
import { useId, useRef, useState } from 'preact/hooks';
import { FAILURE_CLASS_VALUES } from '../../../instrumentation/semconv/attributes.ts';
import type { GroupChange, GroupDetail } from '../../questions/groups/schemas.ts';
import { api } from '../api.ts';
import { short } from '../format.ts';
import { useLive } from '../live.ts';
import { Trouble } from '../parts/answer.tsx';
import { author, setAuthor } from '../session.ts';

type Kind = GroupChange['kind'];

const KINDS: Record<Kind, { name: string; means: string }> = {
  resolve: { name: 'Resolve', means: 'It is fixed. Should it come back, it is regressed.' },
  ignore: { name: 'Ignore', means: 'It does not matter. It is left out of briefs.' },
  reopen: { name: 'Reopen', means: 'Takes back that it is resolved or ignored.' },
  merge: { name: 'Merge', means: 'It is the same problem as another group, and goes into it.' },
  split: { name: 'Split', means: 'Its fingerprint is a problem of its own again.' },
  accept: { name: 'Accept', means: 'It is one problem with the group that it looks like.' },
  dismiss: { name: 'Dismiss', means: 'It is not one problem with the group that it looks like.' },
  annotate: { name: 'Annotate', means: 'It has another class than its failures say.' },
  note: { name: 'Note', means: 'Something to remember.' },
};

interface Given {
  kind: Kind;
  author: string;
  reason: string;
  /** What the kind needs beside: class, text, other group or evolution. */
  about: string;
}

export function Actions({ group, onChanged }: { group: GroupDetail; onChanged: () => void }) {
  const kinds = (Object.keys(KINDS) as Kind[]).filter(
    (kind) =>
      (kind !== 'reopen' || group.state === 'resolved' || group.state === 'ignored') &&
      (kind !== 'split' || group.members.length > 1) &&
      ((kind !== 'accept' && kind !== 'dismiss') || group.proposals.length > 0),
  );
  const [given, setGiven] = useState<Given>({
    kind: 'resolve',
    author: author(),
    reason: '',
    about: '',
  });
  const [outcome, setOutcome] = useState('');
  const [error, setError] = useState<Error>();
  const [isSending, setIsSending] = useState(false);
  // The same event is sent again after trouble, so that it is remembered once.
  const eventId = useRef(newId());
  const kind = kinds.includes(given.kind) ? given.kind : 'resolve';
  const set = (changes: Partial<Given>) => {
    eventId.current = newId();
    setGiven((old) => ({ ...old, ...changes }));
  };

  const send = async () => {
    setIsSending(true);
    setError(undefined);
    setOutcome('');
    setAuthor(given.author);
    try {
      const about = kind === 'split' ? given.about || group.members.at(-1)!.fingerprint : '';
      await api.change(about || group.fingerprint, changeOf({ ...given, kind }, eventId.current));
      setOutcome(`${KINDS[kind].name}: remembered.`);
      set({ reason: '', about: '' });
      onChanged();
    } catch (trouble) {
      setError(trouble as Error);
    } finally {
      setIsSending(false);
    }
  };

  return (
    <section aria-labelledby="actions">
      <h2 id="actions">Say what it is</h2>
      <form
        class="actions"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <fieldset>
          <legend>What</legend>
          {kinds.map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="kind"
                value={name}
                checked={name === kind}
                onChange={() => set({ kind: name, about: '' })}
              />{' '}
              {KINDS[name].name}
            </label>
          ))}
        </fieldset>
        <p class="quiet">{KINDS[kind].means}</p>
        <About kind={kind} group={group} value={given.about} onValue={(about) => set({ about })} />
        <Field label="Reason" value={given.reason} onValue={(reason) => set({ reason })} />
        <Field
          label="Your name"
          value={given.author}
          onValue={(name) => set({ author: name })}
          required
        />
        <button type="submit" disabled={isSending}>
          {KINDS[kind].name}
        </button>
        <p role="status">{outcome}</p>
      </form>
      {error && <Trouble error={error} />}
    </section>
  );
}

/** Undefined where the page came over plain HTTP from another machine: browsers make no ids there. */
const newId = (): string | undefined => globalThis.crypto.randomUUID?.();

function changeOf({ kind, about, ...said }: Given, event_id?: string): GroupChange {
  const common = {
    author: said.author,
    ...(said.reason && { reason: said.reason }),
    ...(event_id && { event_id }),
  };
  switch (kind) {
    case 'accept':
    case 'dismiss':
      return { kind, ...(about && { other_fingerprint: about }), ...common };
    case 'merge':
      return { kind, other_fingerprint: about, ...common };
    case 'annotate':
      return { kind, value: about as (typeof FAILURE_CLASS_VALUES)[number] | '', ...common };
    case 'note':
      return { kind, value: about, ...common };
    case 'resolve':
      return { kind, ...(about && { evolution_id: about }), ...common };
    default:
      return { kind, ...common };
  }
}

interface FieldProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  required?: boolean;
}

function Field({ label, value, onValue, required = false }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        value={value}
        required={required}
        maxLength={label === 'Your name' ? 256 : 4096}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </div>
  );
}

function Choice({
  label,
  value,
  onValue,
  required = false,
  options,
}: FieldProps & { options: (readonly [string, string])[] }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        required={required}
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

function About({
  kind,
  group,
  ...field
}: { kind: Kind; group: GroupDetail } & Omit<FieldProps, 'label' | 'required'>) {
  const others = useLive(
    `others ${group.agent_id} ${kind === 'merge'}`,
    async () =>
      kind === 'merge' ? (await api.groups({ agent: group.agent_id, limit: 500 })).items : [],
    true,
  );
  if (kind === 'note') return <Field {...field} label="Text" required />;
  if (kind === 'annotate') {
    const classes = FAILURE_CLASS_VALUES.map((name) => [name, name] as const);
    return <Choice {...field} label="Class" options={[['', 'as its failures say'], ...classes]} />;
  }
  if (kind === 'merge') {
    const options = (others.data ?? [])
      .filter(({ fingerprint }) => fingerprint !== group.fingerprint)
      .map(
        (other) =>
          [
            other.fingerprint,
            `${short(other.fingerprint)} ${other.error_type} ${other.node_id}: ${other.template}`.slice(
              0,
              120,
            ),
          ] as const,
      );
    return (
      <Choice {...field} label="Into" required options={[['', 'choose a group'], ...options]} />
    );
  }
  if (kind === 'accept' || kind === 'dismiss') {
    const options = group.proposals.map(({ fingerprint, other_fingerprint, reason }) => {
      const other = fingerprint === group.fingerprint ? other_fingerprint : fingerprint;
      return [other, `${short(other)}: ${reason}`.slice(0, 120)] as const;
    });
    return (
      <Choice {...field} label="Proposal" required options={[['', 'choose one'], ...options]} />
    );
  }
  if (kind === 'split') {
    const options = group.members
      .filter(({ fingerprint }) => fingerprint !== group.fingerprint)
      .map(({ fingerprint }) => [fingerprint, short(fingerprint)] as const);
    return <Choice {...field} label="Fingerprint" options={options} />;
  }
  if (kind === 'resolve' && group.effects.length > 0) {
    const fixes = [...new Set(group.effects.map(({ evolution_id }) => evolution_id))];
    const options = fixes.map((name) => [name, name] as const);
    return <Choice {...field} label="By the fix" options={[['', 'none of these'], ...options]} />;
  }
  return null;
}
