import assert from "node:assert/strict";
import { studentQuantile } from "../../lib/analysis/student_t.ts";

Deno.test("studentQuantile() gives the values of the tables", () => {
  // scipy 1.17, stats.t.ppf.
  const cases: [share: number, freedom: number, value: number][] = [
    [0.975, 1, 12.706204736432095],
    [0.975, 2, 4.302652729911275],
    [0.975, 5, 2.5705818366147395],
    [0.975, 29, 2.0452296421327034],
    [0.975, 1e6, 1.959966],
    [0.95, 3, 2.3533634348018264],
    [0.995, 7, 3.4994832973504946],
    [0.975, 1.5, 6.016663104427929],
    [0.5, 4, 0],
    [0.025, 2, -4.302652729911275],
  ];
  for (const [share, freedom, value] of cases) {
    const found = studentQuantile(share, freedom);
    assert.ok(
      Math.abs(found - value) <= 1e-6 * Math.max(1, Math.abs(value)),
      `${share} ${freedom}: ${found}`,
    );
  }
  assert.throws(() => studentQuantile(1, 3));
  assert.throws(() => studentQuantile(0.9, 0));
});
