import { assertEquals, assertStringIncludes } from "@std/assert";
import { interopTest, planInterop, sharedPath } from "./interop.ts";

Deno.test("an interop test runs where nothing is missing", () => {
  const facts = { name: "n", missingTools: undefined, missingShared: undefined, required: true };
  assertEquals(planInterop(facts), { outcome: "run", name: "n" });
});

Deno.test("a missing tool is a skip that says why, and a failure where interop is required", () => {
  const facts = { name: "n", missingTools: "smbd is not installed", missingShared: undefined };
  assertEquals(planInterop({ ...facts, required: false }), {
    outcome: "skip",
    name: "n (skipped: smbd is not installed)",
  });
  assertEquals(planInterop({ ...facts, required: true }), {
    outcome: "fail",
    name: "n",
    reason: "Cannot run this test: smbd is not installed",
  });
});

Deno.test("absent shared files are a skip even where interop is required", () => {
  const plan = planInterop({
    name: "n",
    missingTools: undefined,
    missingShared: "no ../shared/captures",
    required: true,
  });
  assertEquals(plan, { outcome: "skip", name: "n (skipped: no ../shared/captures)" });
});

Deno.test("a file that no one shares is not found", () => {
  assertEquals(sharedPath("no/such/file"), undefined);
});

interopTest(
  "what is shared is found where it is",
  { needs: [], shared: ["captures/README.md"] },
  async () => {
    const path = sharedPath("captures/README.md");
    assertStringIncludes(await Deno.readTextFile(path ?? ""), "capture");
  },
);
