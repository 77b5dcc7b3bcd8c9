/**
 * Remembers recent UUIDs, each in the one place that its digits give: a newer one may take it, so
 * `seenBefore` may miss an id, and errs the other way only for two ids with the same first 48 bits.
 */
export class RecentIds {
  private readonly places: Float64Array;

  /** @param places how many ids fit, 8 bytes each */
  constructor(places: number) {
    this.places = new Float64Array(places);
  }

  /** Whether the UUID is remembered; it is afterwards. */
  seenBefore(uuid: string): boolean {
    const digits = Number.parseInt(uuid.slice(0, 8), 16) * 0x1_0000;
    const id = digits + Number.parseInt(uuid.slice(9, 13), 16);
    const place = id % this.places.length;
    if (this.places[place] === id) return true;
    this.places[place] = id;
    return false;
  }
}
