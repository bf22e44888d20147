import assert from "node:assert/strict";
import fc from "fast-check";
import { ACT_HEADER, Gate } from "../../lib/ui/gate.ts";

const PORT = 8717, HOST = `127.0.0.1:${PORT}`;

function request(
  path: string,
  { method = "GET", ...headers }: Record<string, string | undefined> = {},
): Request {
  const given = Object.entries({ host: HOST, ...headers }).filter(([, value]) =>
    value !== undefined
  );
  return new Request(`http://${HOST}${path}`, { method, headers: given as [string, string][] });
}

function enter(gate: Gate): string {
  const verdict = gate.judge(request(`/?token=${gate.token}`));
  assert.ok(typeof verdict === "object" && "cookie" in verdict);
  return verdict.cookie.split(";")[0]!;
}

/** The status of a refusal; "in" for who is let in, "cookie" for who brought the secret. */
function verdictOf(gate: Gate, asked: Request): number | string {
  const verdict = gate.judge(asked);
  if (verdict === "in") return "in";
  return "cookie" in verdict ? "cookie" : verdict.status;
}

Deno.test("the gate gives who brings the secret a cookie that no script and no other site has", () => {
  const gate = new Gate(PORT);
  const verdict = gate.judge(request(`/?token=${gate.token}`));
  assert.ok(typeof verdict === "object" && "cookie" in verdict);
  assert.match(
    verdict.cookie,
    /^titrate-8717=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  assert.ok(!verdict.cookie.includes(gate.token) && !verdict.cookie.includes(gate.act));
});

Deno.test("the gate refuses all that it should, each for its own reason", () => {
  const gate = new Gate(PORT), cookie = enter(gate);
  const origin = `http://${HOST}`, act = { [ACT_HEADER]: gate.act };
  const post = { method: "POST", cookie, origin, ...act };
  const cases: readonly [string, Request, number | string][] = [
    ["the page", request("/", { cookie }), "in"],
    [
      "the page from a link elsewhere",
      request("/", { cookie, "sec-fetch-site": "cross-site" }),
      "in",
    ],
    ["what it follows", request("/events", { cookie, "sec-fetch-site": "same-origin" }), "in"],
    ["by another name of this computer", request("/", { cookie, host: "localhost:9" }), "in"],
    ["by its IPv6 name", request("/", { cookie, host: "[::1]:8717" }), "in"],
    ["an act", request("/runs/x/cancel", post), "in"],
    ["no secret", request("/"), 403],
    ["a wrong secret", request("/?token=x"), 403],
    ["an empty secret", request("/?token="), 403],
    ["the secret where the page is not", request(`/events?token=${gate.token}`), 403],
    ["a wrong cookie", request("/", { cookie: "titrate-8717=x" }), 403],
    ["the cookie of another port", request("/", { cookie: cookie.replace("8717", "8718") }), 403],
    ["the secret as a cookie", request("/", { cookie: `titrate-8717=${gate.token}` }), 403],
    ["a name made to lead here", request("/", { cookie, host: `evil.example:${PORT}` }), 421],
    ["that name with the secret", request(`/?token=${gate.token}`, { host: "evil.example" }), 421],
    ["a name that begins like ours", request("/", { cookie, host: "127.0.0.1.evil.example" }), 421],
    ["no name", request("/", { cookie, host: undefined }), 421],
    ["another origin", request("/events", { cookie, origin: "http://evil.example" }), 403],
    ["another port's page", request("/events", { cookie, origin: "http://127.0.0.1:1" }), 403],
    ["no origin at all", request("/", { cookie, origin: "null" }), 403],
    ["another site", request("/events", { cookie, "sec-fetch-site": "cross-site" }), 403],
    ["another port", request("/events", { cookie, "sec-fetch-site": "same-site" }), 403],
    ["HEAD", request("/", { method: "HEAD", cookie }), 405],
    ["OPTIONS", request("/", { method: "OPTIONS", cookie, origin: "http://evil.example" }), 405],
    ["PUT", request("/", { method: "PUT", cookie }), 405],
    ["a long address", request(`/${"a".repeat(3000)}`, { cookie }), 414],
    ["an act without a cookie", request("/runs/x/cancel", { ...post, cookie: undefined }), 403],
    [
      "an act without its secret",
      request("/runs/x/cancel", { ...post, [ACT_HEADER]: undefined }),
      403,
    ],
    [
      "an act with the address's",
      request("/runs/x/cancel", { ...post, [ACT_HEADER]: gate.token }),
      403,
    ],
    ["an act without an origin", request("/runs/x/cancel", { ...post, origin: undefined }), 403],
    ["an act of another origin", request("/runs/x/cancel", { ...post, origin: "http://a" }), 403],
    ["a long body", request("/runs/x/cancel", { ...post, "content-length": "1025" }), 413],
    [
      "a body of any length",
      request("/runs/x/cancel", { ...post, "transfer-encoding": "chunked" }),
      413,
    ],
    ["a body of no length", request("/runs/x/cancel", { ...post, "content-length": "x" }), 413],
  ];
  for (const [what, asked, expected] of cases) {
    assert.equal(verdictOf(gate, asked), expected, what);
  }
});

Deno.test("an address for one entry lets in once, and a later one takes its place", () => {
  const gate = new Gate(PORT);
  const first = gate.issueOnce(), second = gate.issueOnce();
  assert.equal(verdictOf(gate, request(`/?once=${first}`)), 403);
  assert.equal(verdictOf(gate, request(`/?once=${second}`)), "cookie");
  assert.equal(verdictOf(gate, request(`/?once=${second}`)), 403);
  assert.equal(verdictOf(gate, request("/?once=undefined")), 403);
});

Deno.test("nobody gets in by guessing: any token, cookie and act but the right ones are refused", () => {
  const gate = new Gate(PORT), cookie = enter(gate);
  const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_"), maxLength: 60 });
  fc.assert(fc.property(word, (text) => {
    assert.equal(verdictOf(gate, request(`/?token=${text}`)), 403);
    assert.equal(verdictOf(gate, request("/", { cookie: `titrate-8717=${text}` })), 403);
    const post = { method: "POST", cookie, origin: `http://${HOST}`, [ACT_HEADER]: text };
    assert.equal(verdictOf(gate, request("/runs/x/cancel", post)), 403);
  }));
  const secrets = new Set(Array.from({ length: 20 }, () => new Gate(PORT).token));
  assert.equal(secrets.size, 20);
});
