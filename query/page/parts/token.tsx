// Where the reader gives a token. It is kept in this tab and sent as bearer to /api/v1 only.
import { useId, useState } from 'preact/hooks';
import { setToken, token } from '../session.ts';

export function TokenForm({ onGiven }: { onGiven: () => void }) {
  const [value, setValue] = useState(token());
  const field = useId();
  return (
    <form
      class="line"
      onSubmit={(event) => {
        event.preventDefault();
        setToken(value);
        onGiven();
      }}
    >
      <label for={field}>Token</label>
      <input
        id={field}
        type="password"
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={(event) => setValue(event.currentTarget.value)}
      />
      <button type="submit">{value ? 'Use' : 'Forget'}</button>
    </form>
  );
}
