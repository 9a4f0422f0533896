/** Makes the golden scenarios anew: `deno task golden:update`. Read what changed before you commit it. */
import { compiled, goldenPath } from "./golden.ts";
import { RECORDINGS } from "./recordings.ts";

for (const { name, pcap } of RECORDINGS) {
  await Deno.writeFile(goldenPath(name, "pcap"), pcap());
  const { script, notes } = await compiled(name);
  await Deno.writeTextFile(goldenPath(name, "expected.ts"), script);
  await Deno.writeTextFile(goldenPath(name, "notes.json"), notes);
}
