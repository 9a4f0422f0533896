import { assertEquals } from "@std/assert";
import { renameInput } from "./info.ts";
import { renamedInput } from "./row_rename.ts";
import type { Smb2 } from "./workload_smb2.ts";

function setInfo(informationClass: number, input: Uint8Array): Smb2<"setInfo"> {
  return {
    kind: "setInfo",
    id: 1,
    at: 0,
    tree: "t1",
    file: "f1",
    infoType: 1,
    class: informationClass,
    input: input.toHex(),
  };
}

const INPUT = renameInput("dir\\new", true);

Deno.test("the path of a rename or link is brought to where the run has it", () => {
  const mapped = (path: string) => `root\\${path}`;
  for (const informationClass of [10, 11, 65]) {
    assertEquals(
      renamedInput(setInfo(informationClass, INPUT), mapped),
      renameInput("root\\dir\\new", true),
    );
  }
});

Deno.test("what has no path, or stays where it is, keeps its bytes", () => {
  const same = (path: string) => path;
  assertEquals(renamedInput(setInfo(10, INPUT), same), INPUT);
  for (const bytes of [INPUT.subarray(0, 19), INPUT.subarray(0, 21), new Uint8Array(0)]) {
    assertEquals(renamedInput(setInfo(10, bytes), () => "x"), bytes);
  }
  assertEquals(renamedInput(setInfo(4, INPUT), () => "x"), INPUT);
});

Deno.test("a separator before a path stays there, unless the path is another one", () => {
  const input = renameInput("\\new", false);
  const relative = (path: string) => path.replace(/^\\/, "");
  assertEquals(renamedInput(setInfo(10, input), relative), input);
  assertEquals(renamedInput(setInfo(10, input), () => "x"), renameInput("x", false));
});
