/**
 * The minimum of a smooth function of a few numbers, by the method of Broyden, Fletcher,
 * Goldfarb and Shanno with its full matrix: with ten numbers at most there is nothing
 * that a limited memory would save.
 *
 * Own code: of npm's packages, fmin has no such method, optimization-js installs
 * browserify, and ml-levenberg-marquardt knows sums of squares only and no gradients:
 * 22 ms for a fit of 240 points that takes 1 ms here.
 *
 * @see Nocedal and Wright, "Numerical Optimization", 2nd ed., 6.1; Lewis and Overton,
 *   "Nonsmooth optimization via quasi-Newton methods", 2013, for the line search
 */

/** A function: its value, its gradient written into the second argument. */
export type Objective = (at: Float64Array, gradient: Float64Array) => number;

/** Where a search ended. */
export interface Minimum {
  /** The place. */
  readonly at: Float64Array;
  /** The value there. */
  readonly value: number;
  /** Whether the search ended because nothing lower was near, not for want of steps. */
  readonly hasConverged: boolean;
}

const MOST_STEPS = 500;
/** Relative changes of the value below this, several times in a row, end the search. */
const LEAST_CHANGE = 1e-13;
const STEPS_WITHOUT_CHANGE = 3;

/**
 * Searches the minimum from a start.
 *
 * @param start not changed; the objective must be finite there
 */
export function minimiseFrom(start: Float64Array, objective: Objective): Minimum {
  const size = start.length;
  const at = start.slice(), gradient = new Float64Array(size);
  let value = objective(at, gradient);
  const inverse = identity(size, 1 / Math.max(1, Math.hypot(...gradient)));
  let isFresh = true, unchanged = 0;
  const direction = new Float64Array(size);
  for (let step = 0; step < MOST_STEPS; step++) {
    multiply(inverse, gradient, direction);
    let slope = 0;
    for (let i = 0; i < size; i++) slope += (direction[i] = -direction[i]!) * gradient[i]!;
    if (!(slope < 0)) {
      if (isFresh) return { at, value, hasConverged: true };
      inverse.set(identity(size, 1 / Math.max(1, Math.hypot(...gradient))));
      isFresh = true;
      continue;
    }
    const found = search(objective, { at, value, slope, direction });
    if (found === undefined) {
      if (isFresh) return { at, value, hasConverged: true };
      inverse.set(identity(size, 1 / Math.max(1, Math.hypot(...gradient))));
      isFresh = true;
      continue;
    }
    const moved = new Float64Array(size), change = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      moved[i] = found.at[i]! - at[i]!;
      change[i] = found.gradient[i]! - gradient[i]!;
    }
    unchanged = value - found.value <= LEAST_CHANGE * Math.abs(found.value) ? unchanged + 1 : 0;
    at.set(found.at);
    gradient.set(found.gradient);
    value = found.value;
    if (unchanged >= STEPS_WITHOUT_CHANGE) return { at, value, hasConverged: true };
    update(inverse, { moved, change, isFresh });
    isFresh = false;
  }
  return { at, value, hasConverged: false };
}

interface Line {
  readonly at: Float64Array;
  readonly value: number;
  readonly slope: number;
  readonly direction: Float64Array;
}

/** A step that falls enough and not too short, by bisection; none if nothing is lower. */
function search(
  objective: Objective,
  { at, value, slope, direction }: Line,
): { at: Float64Array; gradient: Float64Array; value: number } | undefined {
  const size = at.length;
  let low = 0, high = Infinity, length = 1;
  let best: { at: Float64Array; gradient: Float64Array; value: number } | undefined;
  for (let i = 0; i < 40; i++) {
    const there = new Float64Array(size), gradient = new Float64Array(size);
    for (let j = 0; j < size; j++) there[j] = at[j]! + length * direction[j]!;
    const found = objective(there, gradient);
    if (!(found <= value + 1e-4 * length * slope)) high = length;
    else {
      if (found < value) best = { at: there, gradient, value: found };
      let slopeThere = 0;
      for (let j = 0; j < size; j++) slopeThere += gradient[j]! * direction[j]!;
      if (slopeThere >= 0.9 * slope) return best;
      low = length;
    }
    length = high === Infinity ? 2 * low : (low + high) / 2;
  }
  return best;
}

/** Takes what a step has shown of the curvature into the inverse matrix. */
function update(
  inverse: Float64Array,
  { moved, change, isFresh }: {
    readonly moved: Float64Array;
    readonly change: Float64Array;
    readonly isFresh: boolean;
  },
): void {
  const size = moved.length;
  const curvature = dot(moved, change);
  if (!(curvature > 1e-14 * Math.sqrt(dot(moved, moved) * dot(change, change)))) return;
  if (isFresh) inverse.set(identity(size, curvature / dot(change, change)));
  const product = new Float64Array(size);
  multiply(inverse, change, product);
  const factor = (1 + dot(change, product) / curvature) / curvature;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      inverse[i * size + j]! += factor * moved[i]! * moved[j]! -
        (product[i]! * moved[j]! + moved[i]! * product[j]!) / curvature;
    }
  }
}

function identity(size: number, scale: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + i] = scale;
  return matrix;
}

function multiply(matrix: Float64Array, vector: Float64Array, out: Float64Array): void {
  const size = vector.length;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * vector[j]!;
    out[i] = sum;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
