import { assertEquals } from "@std/assert";
import { disagreements, type Exception, parseTorture, type Verdict } from "./verdicts.ts";

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
  ends: Readonly<Record<string, readonly [Verdict | undefined, Verdict, string?]>>,
  exceptions: readonly Exception[] = [],
): string[] {
  const pairs = Object.entries(ends).map(([subtest, [smbtorture, scenario, said = ""]]) => ({
    subtest,
    smbtorture,
    scenario,
    said,
  }));
  return disagreements("lease", pairs, exceptions).map(({ text }) => text);
}

const UNLINK = {
  test: "lease.unlink",
  smbtorture: "fail",
  scenario: "fail",
  says: "no break",
  why: "for this test",
} as const;

Deno.test("what passes in both is no disagreement", () => {
  assertEquals(complaints({ break: ["pass", "pass"] }), []);
});

Deno.test("what does not pass in both is a disagreement unless the table has it", () => {
  for (
    const [smbtorture, scenario] of [["fail", "pass"], ["pass", "fail"], ["fail", "fail"]] as const
  ) {
    assertEquals(complaints({ unlink: [smbtorture, scenario] }), [
      `lease.unlink: smbtorture ${smbtorture}, scenario ${scenario}, and not in the table`,
    ]);
  }
  assertEquals(complaints({ unlink: ["fail", "fail", "there was no break"] }, [UNLINK]), []);
});

Deno.test("an exception is one only while both verdicts are as the table says", () => {
  assertEquals(complaints({ unlink: ["pass", "pass", "no break"] }, [UNLINK]), [
    "lease.unlink: smbtorture pass, scenario pass; the table has fail and fail",
  ]);
});

Deno.test("a scenario that fails elsewhere than the table says is a disagreement", () => {
  assertEquals(complaints({ unlink: ["fail", "fail", "cannot connect"] }, [UNLINK]), [
    'lease.unlink: the scenario does not say "no break"',
  ]);
});

Deno.test("a subtest that smbtorture does not have is a disagreement", () => {
  assertEquals(complaints({ brake: [undefined, "pass"] }), [
    "lease.brake: smbtorture says nothing of it",
  ]);
});

Deno.test("an entry of the table without a scenario is a disagreement, in its suite only", () => {
  assertEquals(
    complaints({ break: ["pass", "pass"] }, [
      { ...UNLINK, test: "lease.gone" },
      { ...UNLINK, test: "oplock.gone" },
    ]),
    ["lease.gone: in the table, but has no scenario"],
  );
});
