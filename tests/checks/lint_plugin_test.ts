import { assertEquals } from "@std/assert";
import plugin, { judgeErrorMessage } from "./lint_plugin.ts";
import { projectRoot } from "./tree.ts";

function findings(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, `${projectRoot()}/${path}`, source)
    .map((diagnostic) => diagnostic.id.replace("smbench/", ""));
}

Deno.test("a top-level arrow function is found, exported or not, and an inner one is not", () => {
  const source = `
    const a = () => 1;
    export const b = () => 2;
    export function c() { const d = () => 3; return d; }
  `;
  assertEquals(findings("runtime/wire/x.ts", source), ["no-top-level-arrow", "no-top-level-arrow"]);
});

Deno.test("the keyword private is found except on a constructor", () => {
  const source = `
    export class A {
      private a = 1;
      #b = 2;
      private c() { return this.#b; }
      private constructor(private d: number) {}
    }
  `;
  assertEquals(findings("runtime/wire/x.ts", source), Array(3).fill("no-private-keyword"));
});

Deno.test("the wording of error messages is checked where it is written out", () => {
  const source = `
    throw new Error("Cannot read the file: it is gone");
    throw new TypeError("cannot read the file");
    throw new Deno.errors.NotFound("Cannot read the file.");
    throw new ProtocolError("remote", \`\${name} can't be read\`);
    throw new Error(message);
    new Thing("whatever it is.");
  `;
  assertEquals(findings("tests/x.ts", source), Array(3).fill("error-message"));
});

Deno.test("contractions are told from possessives and names", () => {
  assertEquals(judgeErrorMessage({ start: "Cannot use the server's key", end: "" }), undefined);
  assertEquals(
    judgeErrorMessage({ start: "Cannot go on: and so on...", end: "and so on..." }),
    undefined,
  );
  for (const wrong of ["Cannot go on: it isn't open", "It's closed", "You'll see"]) {
    assertEquals(
      judgeErrorMessage({ start: wrong, end: wrong })?.slice(0, 36),
      "An error message has no contraction:",
    );
  }
});

Deno.test("Deno is named only in the rooms at the rim, in capture, and in tests", () => {
  const source = "Deno.readFileSync('x');";
  const found = (path: string) => findings(path, source).includes("deno-namespace");
  const paths = {
    "runtime/wire/reader.ts": true,
    "runtime/client/connection.ts": true,
    "compiler/mod.ts": true,
    "examples/x.ts": true,
    "mod.ts": true,
    "compiler/capture/file.ts": false,
    "runtime/transport/tcp.ts": false,
    "runtime/sandbox/host.ts": false,
    "runtime/cli/main.ts": false,
    "runtime/wire/reader_test.ts": false,
    "tests/checks/imports.ts": false,
  };
  assertEquals(Object.fromEntries(Object.keys(paths).map((path) => [path, found(path)])), paths);
});
