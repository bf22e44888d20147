import assert from "node:assert/strict";
import fc from "fast-check";
import { ExperimentError } from "../../lib/base/errors.ts";
import { openSecrets, sealSecret, secretsIn } from "../../lib/base/secrets.ts";

const valueOf = (values: Record<string, string>) => (name: string) => values[name];

Deno.test("a seal holds neither the secret nor what tells equal secrets of two names", () => {
  const seal = sealSecret("TOKEN", "hf_abc");
  assert.match(seal, /^\$secret\(TOKEN:[0-9a-f]{16}\)$/);
  assert.equal(sealSecret("TOKEN", "hf_abc"), seal);
  assert.notEqual(sealSecret("TOKEN", "hf_abd"), seal);
  assert.notEqual(sealSecret("OTHER", "hf_abc").slice(-17), seal.slice(-17));
});

Deno.test("openSecrets() opens every seal in a value, and closes it in any text again", () => {
  const token = sealSecret("TOKEN", "s3cret$&"), long = sealSecret("LONG", "a s3cret$& b");
  const params = { url: `https://u:${token}@host`, list: [{ deep: long }, 1, null], plain: "x" };
  assert.deepEqual(secretsIn(params), ["TOKEN", "LONG"]);
  const { value, sealAgain } = openSecrets(
    params,
    valueOf({ TOKEN: "s3cret$&", LONG: "a s3cret$& b" }),
  );
  assert.deepEqual(value, {
    url: "https://u:s3cret$&@host",
    list: [{ deep: "a s3cret$& b" }, 1, null],
    plain: "x",
  });
  assert.equal(sealAgain("401 for s3cret$& and a s3cret$& b"), `401 for ${token} and ${long}`);
});

Deno.test("openSecrets() leaves a value without seals as it is", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const { value: opened, sealAgain } = openSecrets(
      JSON.parse(JSON.stringify(value)),
      valueOf({}),
    );
    assert.deepEqual(opened, JSON.parse(JSON.stringify(value)));
    assert.equal(sealAgain("text"), "text");
  }));
});

Deno.test("openSecrets() refuses a secret that is not set, or is another", () => {
  const params = { token: sealSecret("TOKEN", "one") };
  for (
    const [values, message] of [
      [{}, "the secret TOKEN is not set where the task runs"],
      [{ TOKEN: "" }, "the secret TOKEN is not set where the task runs"],
      [{ TOKEN: "two" }, "the secret TOKEN is another where the task runs"],
    ] as const
  ) {
    assert.throws(
      () => openSecrets(params, valueOf(values)),
      (error: unknown) =>
        error instanceof ExperimentError && error.code === "base/secret" &&
        error.message === message && !JSON.stringify(error.faults).includes("two"),
    );
  }
});
