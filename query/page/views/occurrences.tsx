// The single failures of a group, and the inputs that they failed on.
import type { GroupDetail } from '../../questions/groups/schemas.ts';
import { api } from '../api.ts';
import { counted, short } from '../format.ts';
import { Choice } from '../parts/choice.tsx';
import { Pages } from '../parts/pages.tsx';
import { Block, ForeignText, Id, Time, Wide } from '../parts/text.tsx';
import { to } from '../route.ts';

export function Occurrences({ group, member }: { group: GroupDetail; member: string }) {
  const shown = group.fingerprints.includes(member) ? member : group.fingerprint;
  return (
    <>
      <h2>Occurrences</h2>
      {group.fingerprints.length > 1 && (
        <Choice
          label="Of fingerprint"
          name="member"
          value={shown}
          options={group.fingerprints.map((name) => [name, short(name)] as const)}
        />
      )}
      <Pages
        name={`occurrences ${shown}`}
        ask={(cursor) => api.failures({ fingerprint: shown, ...(cursor && { cursor }) })}
        none="None is kept."
      >
        {(failures) => (
          <Wide label="Occurrences">
            <table>
              <thead>
                <tr>
                  <th>When</th>
                  <th>Run</th>
                  <th>Attempt</th>
                  <th>Then</th>
                  <th>Message</th>
                </tr>
              </thead>
              <tbody>
                {failures.map((failure) => (
                  <tr key={failure.failure_id}>
                    <td>
                      <a data-row href={to.failure(failure.failure_id)}>
                        <Time at={failure.timestamp} exact />
                      </a>
                    </td>
                    <td>
                      <ForeignText text={failure.run_id.slice(0, 40)} none="–" />
                    </td>
                    <td>
                      {failure.attempt || '–'}
                      {failure.max_attempts > 0 && ` of ${failure.max_attempts}`}
                    </td>
                    <td>{failure.disposition || '–'}</td>
                    <td>
                      <ForeignText text={failure.error_message.slice(0, 200)} none="–" />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        )}
      </Pages>
    </>
  );
}

export function Cases({ fingerprint }: { fingerprint: string }) {
  return (
    <>
      <h2>Inputs that failed</h2>
      <Pages
        name={`cases ${fingerprint}`}
        ask={(cursor) => api.cases(fingerprint, { limit: 5, ...(cursor && { cursor }) })}
        none="The executor reported no input."
      >
        {(cases) => (
          <ul class="rows">
            {cases.map((one) => (
              <li key={one.failure_id}>
                <p>
                  {counted(one.failures, 'failure')}, last{' '}
                  <a href={to.failure(one.failure_id)}>
                    <Time at={one.seen} />
                  </a>
                  {one.input_digest && (
                    <>
                      {' · '}
                      <Id name={one.input_digest} />
                    </>
                  )}
                  {one.truncated && ' · cut when it was stored'}
                </p>
                <Block label="Input" text={one.input} />
              </li>
            ))}
          </ul>
        )}
      </Pages>
    </>
  );
}
