// One choice of what a view shows, kept in its address.
import { filter } from '../route.ts';

interface ChoiceProps {
  label: string;
  /** Name in the address. */
  name: string;
  value: string;
  /** Values and what is shown for them; the first is usually all. */
  options: readonly (readonly [value: string, text: string])[];
  /** Whether the key for filters goes here. @default false */
  isFirst?: boolean;
}

export function Choice({ label, name, value, options, isFirst = false }: ChoiceProps) {
  return (
    <label>
      {label}{' '}
      <select
        data-filter={isFirst || undefined}
        value={value}
        onChange={(event) => filter({ [name]: event.currentTarget.value })}
      >
        {options.map(([own, text]) => (
          <option key={own} value={own}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
