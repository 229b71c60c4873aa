/** What went over a track. Bytes are payload of MoQ frames, as the relay counts them. */
export interface TrackTotals {
  groups: number;
  frames: number;
  bytes: number;
  /** Groups that ended before their last frame: given up by one side or the other. */
  aborted: number;
}

/** Totals by the name of the track. */
export class Totals {
  readonly #tracks = new Map<string, TrackTotals>();

  /** The totals of a track, to add to. */
  track(name: string): TrackTotals {
    let totals = this.#tracks.get(name);
    if (!totals) {
      totals = { groups: 0, frames: 0, bytes: 0, aborted: 0 };
      this.#tracks.set(name, totals);
    }
    return totals;
  }

  /** A copy, by name. */
  snapshot(): Record<string, TrackTotals> {
    return Object.fromEntries(Array.from(this.#tracks, ([name, totals]) => [name, { ...totals }]));
  }
}
