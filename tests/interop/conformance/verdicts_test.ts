import { assertEquals } from "@std/assert";
import { type Difference, disagreements, parseTorture, type Verdict } from "./verdicts.ts";

Deno.test("smbtorture's verdicts are read out of its output", () => {
  const output = [
    "smbtorture 4.17.12-Debian",
    "test: request",
    "time: 2026-11-20 13:45:40.312467",
    "success: request",
    "failure: unlink [",
    "failure: not a verdict of its own",
    "]",
    "skip: v2_request [directory leases are not supported",
    "error: rw-exclusive [",
  ].join("\n");
  assertEquals([...parseTorture(output)], [
    ["request", "pass"],
    ["unlink", "fail"],
    ["not", "fail"],
    ["v2_request", "skip"],
    ["rw-exclusive", "fail"],
  ]);
});

function complaints(
  verdicts: Readonly<Record<string, readonly [Verdict | undefined, Verdict]>>,
  differences: readonly Difference[] = [],
): string[] {
  const pairs = Object.entries(verdicts).map(([subtest, [smbtorture, scenario]]) => ({
    subtest,
    smbtorture,
    scenario,
  }));
  return disagreements("lease", pairs, differences).map(({ text }) => text);
}

Deno.test("equal verdicts are no disagreement", () => {
  assertEquals(complaints({ break: ["pass", "pass"], unlink: ["fail", "fail"] }), []);
});

Deno.test("a difference that is not in the table is a disagreement", () => {
  assertEquals(complaints({ unlink: ["fail", "pass"] }), [
    "lease.unlink: smbtorture fail, scenario pass, and not in the table",
  ]);
});

Deno.test("a difference of the table is none, as long as both verdicts are as the table says", () => {
  const difference = {
    test: "lease.unlink",
    smbtorture: "fail",
    scenario: "pass",
    why: "for this test",
  } as const;
  assertEquals(complaints({ unlink: ["fail", "pass"] }, [difference]), []);
  assertEquals(complaints({ unlink: ["pass", "pass"] }, [difference]), [
    "lease.unlink: smbtorture pass, scenario pass; the table has fail and pass",
  ]);
});

Deno.test("a subtest that smbtorture does not have is a disagreement", () => {
  assertEquals(complaints({ brake: [undefined, "pass"] }), [
    "lease.brake: smbtorture says nothing of it",
  ]);
});

Deno.test("an entry of the table without a scenario is a disagreement, in its suite only", () => {
  const why = "for this test";
  assertEquals(
    complaints({ break: ["pass", "pass"] }, [
      { test: "lease.gone", smbtorture: "fail", scenario: "pass", why },
      { test: "oplock.gone", smbtorture: "fail", scenario: "pass", why },
    ]),
    ["lease.gone: in the table, but has no scenario"],
  );
});
