/**
 * Quantiles of Student's t distribution, for any degrees of freedom above 0.
 *
 * Own code: what npm keeps of it comes with 220 packages (@stdlib) or is not kept.
 *
 * @see Press et al., "Numerical Recipes", 3rd ed., 6.4 and 6.14.3
 */

/**
 * The value below which a share of the distribution lies.
 *
 * @param share in (0, 1)
 * @param freedom degrees of freedom, above 0, whole or not
 */
export function studentQuantile(share: number, freedom: number): number {
  if (!(freedom > 0) || !(share > 0 && share < 1)) throw new Error("no such quantile");
  if (share === 0.5) return 0;
  if (share < 0.5) return -studentQuantile(1 - share, freedom);
  // x = freedom / (freedom + t²) has a beta distribution; its tail falls as t grows.
  const tail = 2 * (1 - share);
  let low = 0, high = 1;
  while (tailOf(high, freedom) > tail) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (tailOf(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How often the distribution lies farther from 0 than t, on either side. */
function tailOf(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The regularised incomplete beta function. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return x < (a + 1) / (a + b + 2)
    ? front * continuedFraction(x, a, b) / a
    : 1 - front * continuedFraction(1 - x, b, a) / b;
}

/** Lentz's method. */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const kept = (value: number) => Math.abs(value) < tiny ? tiny : value;
  let c = 1, d = 1 / kept(1 - (a + b) * x / (a + 1)), value = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    value *= c * d;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return value;
}

const LANCZOS = [
  76.18009172947146,
  -86.50532032941677,
  24.01409824083091,
  -1.231739572450155,
  0.1208650973866179e-2,
  -0.5395239384953e-5,
];

/** Lanczos's approximation, to ten digits. */
function logGamma(x: number): number {
  const shifted = x + 5.5;
  let sum = 1.000000000190015;
  for (const [i, each] of LANCZOS.entries()) sum += each / (x + 1 + i);
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log(2.5066282746310005 * sum / x);
}
