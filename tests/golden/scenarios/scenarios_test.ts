/** The golden scenarios: each capture compiles into exactly the script and the notes beside it. */
import { assert, assertEquals } from "@std/assert";
import { ScriptFolder } from "../../captures/scripts.ts";
import { compiled, goldenPath } from "./golden.ts";
import { RECORDINGS } from "./recordings.ts";

for (const { name, pcap } of RECORDINGS) {
  Deno.test(`${name}.pcap compiles into ${name}.expected.ts`, async () => {
    const bytes = await Deno.readFile(goldenPath(name, "pcap"));
    const { script, notes } = await compiled(name);
    assertEquals(script, await Deno.readTextFile(goldenPath(name, "expected.ts")));
    assertEquals(notes, await Deno.readTextFile(goldenPath(name, "notes.json")));
    assertEquals(bytes, pcap(), "the capture is the one that is made here");
    assert(bytes.length < 65_536, "golden captures are small");
  });
}

Deno.test("the golden scenarios are formatted and type-checked", async () => {
  using folder = new ScriptFolder();
  for (const { name } of RECORDINGS) {
    folder.add(name, await Deno.readTextFile(goldenPath(name, "expected.ts")));
  }
  assertEquals(await folder.fmt(), "");
  assertEquals(await folder.check(), "");
});
