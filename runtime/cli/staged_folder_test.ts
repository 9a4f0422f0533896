import { assertEquals, assertThrows } from "@std/assert";
import { CommandError } from "./command.ts";
import { StagedFolder } from "./staged_folder.ts";

function inFolder(body: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    body(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`).map((inside) => `${name}/${inside}`) : [name]
  ).sort();
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("nothing is there before all is", () => {
  inFolder((folder) => {
    using staged = new StagedFolder(`${folder}/x.data`);
    staged.append("a.jsonl", bytesOf("1\n"));
    staged.append("a.jsonl", bytesOf("2\n"));
    staged.write("tables.ts", "t");
    assertThrows(() => Deno.statSync(`${folder}/x.data`), Deno.errors.NotFound);
    staged.finish(() => true);
    assertEquals(filesIn(folder), ["x.data/a.jsonl", "x.data/tables.ts"]);
    assertEquals(Deno.readTextFileSync(`${folder}/x.data/a.jsonl`), "1\n2\n");
  });
});

Deno.test("what is not finished leaves nothing", () => {
  inFolder((folder) => {
    {
      using staged = new StagedFolder(`${folder}/x.data`);
      staged.append("a.jsonl", bytesOf("1\n"));
    }
    assertEquals(filesIn(folder), []);
  });
});

Deno.test("of a folder that is there, files of earlier go and those of others stay", () => {
  inFolder((folder) => {
    Deno.mkdirSync(`${folder}/x.data/mine`, { recursive: true });
    for (const name of ["a.jsonl", "b.jsonl", "notes.txt", "mine/c.jsonl"]) {
      Deno.writeTextFileSync(`${folder}/x.data/${name}`, "old");
    }
    using staged = new StagedFolder(`${folder}/x.data`);
    staged.append("a.jsonl", bytesOf("new"));
    staged.finish((name) => name.endsWith(".jsonl"));
    assertEquals(filesIn(folder), ["x.data/a.jsonl", "x.data/mine/c.jsonl", "x.data/notes.txt"]);
    assertEquals(Deno.readTextFileSync(`${folder}/x.data/a.jsonl`), "new");
  });
});

Deno.test("a folder that cannot be made is one clear sentence", () => {
  using staged = new StagedFolder("/proc/nowhere/x.data");
  assertThrows(
    () => staged.append("a", bytesOf("1")),
    CommandError,
    "Cannot write /proc/nowhere/x.data",
  );
});
