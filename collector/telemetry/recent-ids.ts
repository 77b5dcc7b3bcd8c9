/** Remembers the newest ids, a fixed number of them. */
export class RecentIds {
  private readonly most: number;
  private readonly ids = new Set<string>();

  constructor(most: number) {
    this.most = most;
  }

  /** Whether the id is among them; it is afterwards. */
  seenBefore(id: string): boolean {
    if (this.ids.has(id)) return true;
    if (this.ids.size >= this.most) {
      for (const oldest of this.ids) {
        this.ids.delete(oldest);
        break;
      }
    }
    this.ids.add(id);
    return false;
  }
}
