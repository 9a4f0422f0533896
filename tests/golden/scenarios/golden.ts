/** Where the golden scenarios are, and how they are made. */
import { compile } from "../../../compiler/mod.ts";

/** Path of a golden file. */
export function goldenPath(name: string, ending: "pcap" | "expected.ts" | "notes.json"): URL {
  return new URL(`../../fixtures/scenarios/${name}.${ending}`, import.meta.url);
}

/** What a golden capture compiles into. */
export async function compiled(name: string) {
  const { script, notes } = await compile(goldenPath(name, "pcap"), {
    version: "0.0.0",
    name: `${name}.pcap`,
  });
  return { script, notes: `${JSON.stringify(notes, null, 2)}\n` };
}
