/** The founding use cases, each against the server in memory and against Samba. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { smbench } from "../cli/harness.ts";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";

const FOLDER = decodeURIComponent(new URL("../fixtures/use_cases/", import.meta.url).pathname);

interface UseCase {
  readonly file: string;
  readonly args?: readonly string[];
}

const USE_CASES: Readonly<Record<string, UseCase>> = {
  "a break that crosses a write": { file: "break_race.ts" },
  "writes of several clients, in the order of the capture at any speed": {
    file: "write_order.ts",
    args: ["--speed", "50"],
  },
  "a durable file and a write under way survive the connection": { file: "durable_reconnect.ts" },
  "100 users with 4000 operations each": { file: "many_operations.ts" },
};

async function passes(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, out, err } = await smbench(["run", ...args, "--quiet"], { env });
  assertStringIncludes(out, "\nPassed\n", err);
  assertEquals(code, 0);
}

for (const [name, { file, args = [] }] of Object.entries(USE_CASES)) {
  Deno.test(`${name}, in memory`, () => passes([`${FOLDER}${file}`, ...args]));

  interopTest(`${name}, against Samba`, { needs: ["smbd"] }, async () => {
    await using smbd = await startSmbd();
    await passes([`${FOLDER}${file}`, ...args, "--target", smbd.target, "-U", smbd.user], {
      SMBENCH_PASSWORD: smbd.password,
    });
  });
}
