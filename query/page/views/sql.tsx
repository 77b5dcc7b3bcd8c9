// Read-only SQL, with what the tables and views hold beside it.
import { useState } from 'preact/hooks';
import type { SqlResult } from '../../base/store.ts';
import { api } from '../api.ts';
import { counted } from '../format.ts';
import { useLive } from '../live.ts';
import { Answered, Trouble } from '../parts/answer.tsx';
import { ForeignText, Wide } from '../parts/text.tsx';
import { Title } from '../parts/title.tsx';
import { EXAMPLES, RELATIONS } from './sql-docs.ts';

/** Rows that are put on the screen; more are counted. */
const SHOWN = 500;
const CELL_CHARACTERS = 2_000;

export function SqlView() {
  const [sql, setSql] = useState(EXAMPLES[0]!.sql);
  const [result, setResult] = useState<{ rows: SqlResult; ms: number }>();
  const [error, setError] = useState<Error>();
  const [isAsking, setIsAsking] = useState(false);
  const run = async () => {
    if (isAsking) return;
    setIsAsking(true);
    setError(undefined);
    const started = performance.now();
    await api
      .sql(sql)
      .then((rows) => setResult({ rows, ms: performance.now() - started }), setError);
    setIsAsking(false);
  };
  return (
    <>
      <Title tab="SQL">SQL</Title>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <label for="sql">ClickHouse SQL, for reading only</label>
        <textarea
          id="sql"
          data-filter
          rows={6}
          spellcheck={false}
          value={sql}
          onInput={(event) => setSql(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            run();
          }}
        />
        <p class="line">
          <button type="submit" disabled={isAsking}>
            Run
          </button>
          <span class="quiet">Ctrl+Enter</span>
          <span role="status">
            {isAsking
              ? 'Asking …'
              : result &&
                `${counted(result.rows.rows.length, 'row')} in ${Math.round(result.ms)} ms`}
          </span>
        </p>
      </form>
      {error && <Trouble error={error} />}
      {result && <Rows result={result.rows} />}
      <h2>Examples</h2>
      <ul>
        {EXAMPLES.map((example) => (
          <li key={example.title}>
            <button type="button" class="link" onClick={() => setSql(example.sql)}>
              {example.title}
            </button>
          </li>
        ))}
      </ul>
      <Documentation />
    </>
  );
}

function Rows({ result: { columns, rows, truncated } }: { result: SqlResult }) {
  return (
    <>
      {truncated && <p class="warn">There are more rows than the service gives out.</p>}
      {rows.length > SHOWN && <p class="quiet">The first {SHOWN} of them:</p>}
      <Wide label="Result">
        <table>
          <thead>
            <tr>
              {columns.map(({ name, type }) => (
                <th key={name} title={type}>
                  <ForeignText text={name} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN).map((row, at) => (
              <tr key={at}>
                {columns.map(({ name }) => (
                  <td key={name}>
                    <ForeignText text={cell(row[name])} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (text ?? '').slice(0, CELL_CHARACTERS);
}

const COLUMNS =
  'SELECT table, groupArray(name) AS names FROM ' +
  '(SELECT table, name FROM system.columns WHERE database = currentDatabase() ORDER BY table, position) ' +
  'GROUP BY table';

function Documentation() {
  const columns = useLive('columns', () => api.sql(COLUMNS), true);
  return (
    <>
      <h2>Tables and views</h2>
      <Answered answer={columns}>
        {({ rows }) => (
          <>
            {RELATIONS.map(({ name, holds }) => {
              const found = rows.find(({ table }) => table === name);
              return (
                <details key={name}>
                  <summary>
                    <code>{name}</code> {holds}
                  </summary>
                  <p>
                    {(found?.names as string[] | undefined)?.map((column) => (
                      <span key={column}>
                        <code>{column}</code>{' '}
                      </span>
                    ))}
                  </p>
                </details>
              );
            })}
          </>
        )}
      </Answered>
    </>
  );
}
