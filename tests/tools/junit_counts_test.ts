import { assertEquals } from "@std/assert";
import { countTests } from "./junit_counts.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="1" errors="0" time="0.1">
    <testsuite name="./a_test.ts" tests="6" disabled="3" errors="0" failures="1">
        <testcase name="passes" classname="./a_test.ts" time="0.001" line="1" col="6">
        </testcase>
        <testcase name="a &gt; b passes too" classname="./a_test.ts" time="0.001"/>
        <testcase name="fails" classname="./a_test.ts" time="0.001">
            <failure message="Uncaught Error: x">Error: &lt;skipped/&gt;</failure>
        </testcase>
        <testcase name="one (skipped: smbd is not installed)" classname="./a_test.ts">
            <skipped/>
        </testcase>
        <testcase name="two (skipped: no ../shared/captures)" classname="./a_test.ts">
            <skipped/>
        </testcase>
        <testcase name="three &quot;x&quot;" classname="./a_test.ts">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("tests are counted over all reports, and a skip without excuse counts as failed", () => {
  const unexcused = ["one (skipped: smbd is not installed)", 'three "x"'];
  assertEquals(countTests([REPORT]), { passed: 2, failed: 3, skipped: unexcused });
  assertEquals(countTests([REPORT, REPORT]), {
    passed: 4,
    failed: 6,
    skipped: [...unexcused, ...unexcused],
  });
  assertEquals(countTests([]), { passed: 0, failed: 0, skipped: [] });
});

Deno.test("the report that Deno writes is counted as Deno counts it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-junit-" });
  try {
    await Deno.writeTextFile(
      `${folder}/x_test.ts`,
      `Deno.test("yes", async (t) => { await t.step("a step", () => {}); });
       Deno.test("also <yes>", () => {});
       Deno.test("no", () => { throw new Error("<b>&</b>"); });
       Deno.test({ name: "later (skipped: smbd)", ignore: true, fn: () => {} });`,
    );
    await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-config", "--no-check", "--junit-path=report.xml", "x_test.ts"],
      cwd: folder,
      stdout: "null",
      stderr: "null",
    }).output();
    const report = await Deno.readTextFile(`${folder}/report.xml`);
    const steps = report.includes("a step") ? 1 : 0;
    assertEquals(countTests([report]), {
      passed: 2 + steps,
      failed: 2,
      skipped: ["later (skipped: smbd)"],
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a run that failed without a failed test counts as one failure", async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-junit-" });
  try {
    await Deno.writeTextFile(`${folder}/good.xml`, '<testcase name="a"/><testcase name="b"/>');
    await Deno.writeTextFile(`${folder}/bad.xml`, '<testcase name="a"><failure/></testcase>');
    const count = async (...args: string[]) => {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-read", SCRIPT, ...args],
        cwd: folder,
        stdout: "piped",
        stderr: "inherit",
      }).output();
      return [code, new TextDecoder().decode(stdout).trimEnd()];
    };
    assertEquals(await count("0=good.xml", "0=good.xml"), [0, "4 passed, 0 failed"]);
    assertEquals(await count("1=good.xml"), [1, "2 passed, 1 failed"]);
    assertEquals(await count("1=bad.xml", "0=good.xml"), [1, "2 passed, 1 failed"]);
    assertEquals(await count("0=good.xml", "1=absent.xml"), [1, "2 passed, 1 failed"]);
    assertEquals(await count("--failed-steps=2", "0=good.xml"), [1, "2 passed, 2 failed"]);
    assertEquals(await count("0=absent.xml"), [1, "0 passed, 0 failed"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const SCRIPT = new URL("junit_counts.ts", import.meta.url).pathname;
