/** A curve as it grows, with a bounded number of points, spread over the whole of it. */

/** How much was done, and a value there. */
export type Point = [done: number, value: number];

/** Keeps between half of `most` and `most` points, and the last one. */
export class CurveThinner {
  readonly #most: number;
  #points: Point[] = [];
  #last: Point | undefined;
  #stride = 1;
  #sinceKept = 0;

  /** Begins empty; `most` is at least 2. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a point; one that lies before the last begins the curve anew, as a resumed task does. */
  add(done: number, value: number): void {
    if (this.#last !== undefined && done <= this.#last[0]) {
      if (done === this.#last[0]) return;
      this.#points = this.#points.filter(([at]) => at < done);
      this.#sinceKept = 0;
    }
    this.#last = [done, value];
    if (this.#sinceKept++ % this.#stride === 0) this.#points.push(this.#last);
    if (this.#points.length <= this.#most) return;
    this.#points = this.#points.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
    this.#sinceKept = 1;
  }

  /** The points in order; the first and the last that were added are among them. */
  get points(): readonly Point[] {
    const last = this.#last;
    return last === undefined || this.#points.at(-1)?.[0] === last[0]
      ? this.#points
      : [...this.#points, last];
  }
}
