/** Options of `compile` and `run` that select, map and anonymize: what they understand, and what they say of the rest. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Conversation, createAnswer, createBody, fileId } from "../captures/conversation.ts";
import { smbench } from "./harness.ts";

/** A folder with a capture of one open of `secret-plan.docx`. */
async function withCapture(
  work: (folder: string, capture: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-passes-" });
  try {
    const talk = new Conversation().open();
    talk.exchange("CREATE", createBody("secret-plan.docx"), createAnswer(fileId(1)));
    const capture = `${folder}/customer.pcap`;
    await Deno.writeFile(capture, talk.wire.pcap());
    await work(folder, capture);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a map file renames in compile, and in run", async () => {
  await withCapture(async (folder, capture) => {
    await Deno.writeTextFile(
      `${folder}/map.yaml`,
      "shares:\n  share: vol1\nusers:\n  alice: joan\npaths:\n  secret-plan.docx: plans/a.docx\n",
    );
    const map = ["--map", `${folder}/map.yaml`];
    const { out, err } = await smbench(["compile", capture, "-o", "-", ...map]);
    assertStringIncludes(out, 'p.path("plans\\\\a.docx")', err);
    assertStringIncludes(out, 'p.share("vol1")');
    assertStringIncludes(out, 'user: "joan"');
    await Deno.writeTextFile(
      `${folder}/s.ts`,
      `import { replay } from "smbench";
       export default replay({ source: "x", clients: { a: {} } }, {
         async a(c, p) {
           const s = await (await c.connect()).login();
           const t = await s.tree(p.share("SHARE"));
           await t.open(p.path("Secret-Plan.docx:note"));
         },
       });`,
    );
    await Deno.writeTextFile(
      `${folder}/run.yaml`,
      'shares: { share: share }\npaths:\n  "secret-plan.*": "other.*"\n',
    );
    const ran = await smbench(["run", `${folder}/s.ts`, "--json", "--map", `${folder}/run.yaml`]);
    assertEquals(ran.code, 3, ran.err);
    const { summary } = JSON.parse(ran.out);
    assertEquals(summary.divergenceCount, 1, "nothing is there");
    assertEquals(summary.divergences[0].first.path, "other.docx:note");
  });
});

Deno.test("a map file that cannot be is told with its line and key", async () => {
  await withCapture(async (folder, capture) => {
    const cases: [string, RegExp][] = [
      ["shares:\n  a: b\n  c: d\\e\n", /line 3, shares, "c": a name without separator is needed/],
      ["# x\nhosts:\n  a: b\n", /line 2, hosts: is unknown; there are servers, shares/],
      ['paths:\n  "a/*": "**"\n', /line 2, paths, "a\/\*": its wildcards must be those of/],
      ["a: [\n", /Cannot use the map .*map\.yaml: .*line/],
      ["users: 3\n", /line 1, users: names and what stands for them are needed/],
    ];
    for (const [text, expected] of cases) {
      await Deno.writeTextFile(`${folder}/map.yaml`, text);
      const { code, err } = await smbench([
        "compile",
        capture,
        "-o",
        "-",
        "--map",
        `${folder}/map.yaml`,
      ]);
      assertEquals(code, 7);
      assertMatch(err, expected);
      assert(!err.includes("    at "), err);
    }
    const { err } = await smbench(["compile", capture, "-o", "-", "--map", `${folder}/no.yaml`]);
    assertMatch(err, /Cannot use the map .*no\.yaml: it does not exist/);
  });
});

Deno.test("an anonymized scenario says so, and equal keys give equal ones", async () => {
  await withCapture(async (folder, capture) => {
    const key = `${folder}/key`;
    await Deno.writeTextFile(key, "sixteen bytes and some more");
    const compile = async (...args: string[]) =>
      await smbench(["compile", capture, "-o", "-", ...args]);
    const one = await compile("--anonymize-key", key);
    const two = await compile("--anonymize", "--anonymize-key", key);
    assertEquals(one.out, two.out);
    assertStringIncludes(one.out, "// Anonymized: ");
    assert(!/secret|plan|alice|customer|10\.0\.0\./i.test(one.out), one.out);
    assertMatch(one.out, /p\.path\("\w{6}-\w{4}\.docx"\)/);
    const other = await compile("--anonymize");
    assert(other.out !== one.out);
    await Deno.writeTextFile(key, "short");
    assertMatch((await compile("--anonymize-key", key)).err, /it has 5 bytes, and needs 16/);
    const data = await smbench([
      "compile",
      capture,
      "-o",
      `${folder}/x.ts`,
      "--anonymize",
      "--data",
      "captured",
    ]);
    assertEquals(data.code, 2);
    assertMatch(data.err, /the data tells whose it is/);
  });
});

Deno.test("what cannot be selected is told", async () => {
  await withCapture(async (_folder, capture) => {
    const cases: [string[], RegExp][] = [
      [["--command", "REED"], /there is no such command\nhint: did you mean READ\?/],
      [["--frames", "9-3"], /it ends before it begins/],
      [["--frames", "x"], /A-B, A-, -B or A is needed/],
      [["--from", "noon"], /seconds, a length such as 5m, or a time such as/],
      [["--from", "1", "--from", "2", "--to", "3"], /each --from needs its --to/],
      [["--client", "nobody"], /nothing of it is selected\nhint: /],
    ];
    for (const [args, expected] of cases) {
      const { code, err } = await smbench(["compile", capture, "-o", "-", ...args]);
      assertEquals(code, 2, err);
      assertMatch(err, expected);
    }
    const start = await smbench(["compile", capture, "-o", "-", "--from", "2023-11-14T22:13:20Z"]);
    assertEquals(start.code, 0, start.err);
    assertMatch(start.err, /Selected: 4 of 4 operations/);
  });
});
