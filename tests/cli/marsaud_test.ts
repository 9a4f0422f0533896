import { assertEquals, assertStringIncludes } from "@std/assert";
import { smbench } from "./harness.ts";
import { checkMarsaudRuns } from "./marsaud_plain.ts";

Deno.test("--backend marsaud runs what the package can do against the server in memory, and refuses the rest", async (t) => {
  await checkMarsaudRuns(t, { args: [] });
});

Deno.test("--help says what --backend marsaud can do, and when it refuses", async () => {
  const { code, out } = await smbench(["run", "--help"]);
  const text = out.replaceAll(/\s+/g, " ");
  assertEquals(code, 0);
  assertStringIncludes(text, "what carries operations out: native, marsaud");
  assertStringIncludes(text, "A workload with anything else is refused before the run");
});

Deno.test("a back end of another name is refused, with the names that there are", async () => {
  const { code, err } = await smbench(["run", "examples/office.ts", "--backend", "samba"]);
  assertEquals([code, err], [
    2,
    "smbench: Cannot run with --backend samba: known are native, marsaud\n",
  ]);
});
