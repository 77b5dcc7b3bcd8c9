// Which versions of the fingerprint the collector computes. When a better one comes, the one before stays
// here as `previous` for a time, so that every group is linked to what it was called until then
// (docs/decisions/0013-groups.md).
import { type Fingerprint, type FingerprintInput, fingerprint } from './v1.ts';

type Version = (input: FingerprintInput) => Fingerprint;

interface Versions {
  /** Goes into the row. */
  current: Version;
  /** @default there is no transition */
  previous?: Version;
}

export const VERSIONS: Versions = { current: fingerprint };
