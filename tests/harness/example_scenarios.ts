/** The scenarios of `examples/`, and the one among them that is compiled. */
import { compile } from "../../compiler/mod.ts";
import { VERSION } from "../../runtime/cli/version.ts";

/** The folder. */
export const EXAMPLES = new URL("../../examples/", import.meta.url);

/** File names of all examples, in order. */
export function exampleNames(): string[] {
  return [...Deno.readDirSync(EXAMPLES)]
    .filter(({ isFile, name }) => isFile && name.endsWith(".ts"))
    .map(({ name }) => name)
    .sort();
}

/** Path of an example, as a user would name it. */
export function examplePath(name: string): string {
  return decodeURIComponent(new URL(name, EXAMPLES).pathname);
}

/** What `examples/office.pcap` compiles into: `examples/office.ts`. */
export async function compiledOffice(): Promise<string> {
  const { script } = await compile(new URL("office.pcap", EXAMPLES), { version: VERSION });
  return script;
}
