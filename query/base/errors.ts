// The ways in which a question can fail; each door turns them into its own form.

/** A question that is wrong in itself. `field` names what has to be changed. */
export class InvalidInputError extends Error {
  override name = 'InvalidInputError';
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}

/** Something that was asked for by its id and is not there. */
export class NotFoundError extends Error {
  override name = 'NotFoundError';
  readonly field: string;

  constructor(field: string, value: string) {
    super(`${field}: nothing is stored for ${JSON.stringify(value.slice(0, 200))}`);
    this.field = field;
  }
}

/** The one who asks showed no token that is known (401), or one without this right (403). */
export class AccessDeniedError extends Error {
  override name = 'AccessDeniedError';
  readonly status: 401 | 403;

  constructor(status: 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

/** ClickHouse, the collector or the query service cannot be reached or does not answer in time. */
export class UnavailableError extends Error {
  override name = 'UnavailableError';
}

/** One has asked too often in a short time. */
export class TooManyRequestsError extends UnavailableError {
  override name = 'TooManyRequestsError';
}

/** A setting that cannot be used; the message names it, what was given and what is allowed. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}
