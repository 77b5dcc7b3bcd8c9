// Bounds the bytes of all request bodies that are in memory at one time, over all doors.

/** Too many bytes of bodies are in memory; the sender should try again in a second. */
export class OverBudget extends Error {
  override name = 'OverBudget';

  constructor() {
    super('too many bytes of requests are in memory, try again');
  }
}

export class BodyBudget {
  private readonly limit: number;
  private held = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.held;
  }

  /**
   * Takes the bytes that a body is going to have.
   * @throws OverBudget when they are not free
   */
  lease(bytes: number): BodyLease {
    const lease = new BodyLease((more) => this.take(more));
    lease.growTo(bytes);
    return lease;
  }

  private take(bytes: number): void {
    if (bytes > 0 && this.held + bytes > this.limit) throw new OverBudget();
    this.held += bytes;
  }
}

/** The bytes that one request holds. */
export class BodyLease {
  private readonly take: (bytes: number) => void;
  private held = 0;

  constructor(take: (bytes: number) => void) {
    this.take = take;
  }

  /**
   * Holds `bytes` in all, or what it held before if that is more.
   * @throws OverBudget when they are not free
   */
  growTo(bytes: number): void {
    if (bytes <= this.held) return;
    this.take(bytes - this.held);
    this.held = bytes;
  }

  /** Gives all back; may be called again. */
  release(): void {
    this.take(-this.held);
    this.held = 0;
  }
}
