/** The worker with a real login: what it reaches, and that the password is not in it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ntlmAuthenticator } from "../../runtime/client/mod.ts";
import type { OperationRecord } from "../../runtime/measure/mod.ts";
import { readScenario, Sandbox } from "../../runtime/sandbox/mod.ts";
import { startServer } from "../../runtime/server/mod.ts";

const PASSWORD = "correct horse battery staple";

async function runAgainstServer(files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = await Deno.makeTempDir();
  await using server = startServer({
    hostname: "127.0.0.1",
    port: 0,
    shares: [{ name: "share" }],
    users: [{ name: "alice", password: PASSWORD }],
  });
  const { port } = server.address;
  const target = { hostname: "127.0.0.1", port };
  const logged: string[] = [];
  const operations: OperationRecord[] = [];
  try {
    await Deno.mkdir(`${folder}/blobs`);
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    const { sandbox } = await Sandbox.load(await readScenario(`${folder}/scenario.ts`), {
      target,
      authenticator: () => ntlmAuthenticator({ user: "alice", domain: "", password: PASSWORD }),
      records: (records) => operations.push(...records.operations),
      log: (message) => logged.push(message),
      note: (message) => logged.push(`note: ${message}`),
    });
    try {
      const order = { target, server: "127.0.0.1", share: "share", user: "alice" };
      assertEquals(await sandbox.preflight(order), null);
      const failure = await sandbox.run({
        ...order,
        shares: {},
        root: "",
        speed: 1,
        asap: false,
        timeout: 60,
        params: {},
        workload: null,
        keylog: false,
      });
      return { logged, failure, operations };
    } finally {
      sandbox.terminate();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Searches everything that the body collects in `seen`, and everything reachable from the global scope. */
function searching(body: string): string {
  return `import { scenario } from "smbench";
export default scenario({ name: "search" }, async ({ client, log }) => {
  const seen = [globalThis];
  ${body}
  const visited = new Set();
  let found = 0;
  while (seen.length > 0 && visited.size < 300000) {
    const value = seen[seen.length - 1];
    seen.length--;
    if (typeof value === "string" && value.includes("correct horse")) found++;
    if ((typeof value !== "object" && typeof value !== "function") || value === null) continue;
    if (visited.has(value)) continue;
    visited.add(value);
    if (value instanceof Uint8Array && ArrayBuffer.isView(value)) {
      for (const encoding of ["utf-8", "utf-16le"]) {
        if (new TextDecoder(encoding).decode(value).includes("correct horse")) found++;
      }
      continue;
    }
    for (const key of Reflect.ownKeys(value)) {
      try {
        const got = value[key];
        // Getters that are read off their prototype may answer with a rejection.
        if (got instanceof Promise) got.catch(() => {});
        seen[seen.length] = got;
      } catch {}
    }
    if (value instanceof Map || value instanceof Set) for (const one of value) seen[seen.length] = one;
    seen[seen.length] = Object.getPrototypeOf(value);
  }
  log("found " + found + ", searched enough: " + (visited.size > 1000));
});`;
}

/** Overrides what data passes through on its way, and keeps it. */
const EAVESDROP = `
  for (const [type, names] of [[Promise, ["then"]], [Map, ["set", "get"]], [Array, ["push"]], [Function, []]]) {
    for (const name of names) {
      const real = type.prototype[name];
      type.prototype[name] = function () {
        if (seen.length < 20000) {
          seen[seen.length] = this;
          for (let i = 0; i < arguments.length; i++) seen[seen.length] = arguments[i];
        }
        return Reflect.apply(real, this, arguments);
      };
    }
  }
  await (await client("alice")).writeFile("f", "x");`;

Deno.test("a scenario that eavesdrops on its own login does not get to the password", async () => {
  const { logged, failure } = await runAgainstServer({ "scenario.ts": searching(EAVESDROP) });
  assertEquals({ logged, failure }, {
    logged: ["found 0, searched enough: true"],
    failure: null,
  });
});

Deno.test("the search would find a password that is there", async () => {
  const planted = `${EAVESDROP}\n  await (await client("bob")).writeFile("g", "${PASSWORD}");`;
  const { logged } = await runAgainstServer({ "scenario.ts": searching(planted) });
  assertEquals(/^found [1-9]\d*, searched enough: true$/.test(logged[0] ?? ""), true, logged[0]);
});

const BYTES = new TextEncoder().encode("captured data");
const HASH = [...new Uint8Array(await crypto.subtle.digest("SHA-256", BYTES))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

const WRITER = `import { blob, scenario } from "smbench";
const content = blob("blobs/${HASH}.bin");
export default scenario({ name: "blob" }, async ({ client }) => {
  const alice = await client("alice");
  await using file = await alice.open("f", { access: "rw", disposition: "create" });
  await file.write(0, content);
});`;

Deno.test("a blob reaches the server", async () => {
  const { failure, operations } = await runAgainstServer({
    "scenario.ts": WRITER,
    [`blobs/${HASH}.bin`]: BYTES,
  });
  assertEquals(failure, null);
  assertEquals(operations.find(({ command }) => command === "WRITE")?.payload, BYTES.length);
});

Deno.test("a blob whose content is not what its name says is refused", async () => {
  const { failure } = await runAgainstServer({
    "scenario.ts": WRITER,
    [`blobs/${HASH}.bin`]: "something else",
  });
  assertStringIncludes(failure?.message ?? "", "its content is not what its name says");
});

Deno.test("a blob that is not there is refused", async () => {
  const { failure } = await runAgainstServer({ "scenario.ts": WRITER });
  assertStringIncludes(failure?.message ?? "", "it does not exist");
});

Deno.test("many messages are signed within the sandbox", async () => {
  const { failure, operations } = await runAgainstServer({
    "scenario.ts": `import { scenario } from "smbench";
export default scenario({ name: "signed" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await alice.open("f", { access: "rw", disposition: "create" });
  await file.write(0, "x".repeat(5000), { sign: true });
  for (let i = 0; i < 20; i++) await file.read(0, 5000, { sign: true });
  await file.close({ sign: true });
});`,
  });
  assertEquals(failure, null);
  const reads = operations.filter(({ command }) => command === "READ");
  assertEquals([reads.length, reads.every(({ status }) => status === 0)], [20, true]);
});
