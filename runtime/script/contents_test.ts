import { assertEquals } from "@std/assert";
import { Contents, FileContent } from "./contents.ts";
import { data } from "./data.ts";

function written(file: FileContent, offset: number, bytes: Uint8Array): void {
  file.write(offset, bytes).settle("done");
}

function differs(file: FileContent, offset: number, bytes: Uint8Array): number | null {
  return file.reading()(offset, bytes);
}

Deno.test("what was written is what is read, wherever the read begins", () => {
  const file = new FileContent(true);
  const bytes = data(20_000, 1);
  written(file, 100, bytes);
  assertEquals(differs(file, 100, bytes), null);
  assertEquals(differs(file, 50, new Uint8Array([...new Uint8Array(50), ...bytes])), null);
  const wrong = bytes.slice();
  wrong[9000]! ^= 1;
  assertEquals(differs(file, 100, wrong), 100 + 8192);
  assertEquals(differs(file, 100 + 4096, wrong.subarray(4096)), 100 + 8192);
  // Parts of a block cannot be told.
  assertEquals(differs(file, 100 + 8200, wrong.subarray(8200, 12_000)), null);
});

Deno.test("nothing is known of a file that somebody else made, but for what was written", () => {
  const file = new FileContent(false);
  assertEquals(differs(file, 0, data(8192, 1)), null);
  written(file, 4096, data(4096, 2));
  assertEquals(differs(file, 0, data(8192, 3)), 4096);
});

Deno.test("a later write counts, also where it begins within an earlier one", () => {
  const file = new FileContent(true);
  const bytes = data(16_384, 1);
  written(file, 0, bytes);
  written(file, 6000, data(100, 2));
  const now = bytes.slice();
  now.set(data(100, 2), 6000);
  assertEquals(differs(file, 0, now), null);
  // The old bytes: the small write is a whole last block of its own.
  assertEquals(differs(file, 0, bytes), 6000);
  now[15_000]! ^= 1;
  assertEquals(differs(file, 0, now), 12_288);
});

Deno.test("what is under way together is not compared", () => {
  const file = new FileContent(true);
  const [first, second] = [data(4096, 1), data(4096, 2)];
  const one = file.write(0, first);
  const answer = file.reading();
  one.settle("done");
  assertEquals(answer(0, second), null);
  assertEquals(differs(file, 0, second), 0);
  const left = file.write(0, first);
  const right = file.write(0, second);
  right.settle("done");
  left.settle("done");
  assertEquals(differs(file, 0, first), null);
  assertEquals(differs(file, 0, second), null);
});

Deno.test("a failed write changes nothing, a lost one makes uncertain", () => {
  const file = new FileContent(true);
  written(file, 0, data(4096, 1));
  file.write(0, data(4096, 2)).settle("failed");
  assertEquals(differs(file, 0, data(4096, 1)), null);
  assertEquals(differs(file, 0, data(4096, 2)), 0);
  file.write(0, data(4096, 2)).settle("unknown");
  assertEquals(differs(file, 0, data(4096, 3)), null);
});

Deno.test("zeros, cuts and copies of the server count too", () => {
  const contents = new Contents();
  const source = contents.opened("\\\\lab\\s", "a", "made");
  const target = contents.opened("s", "b", "made");
  written(source, 0, data(12_288, 1));
  for (const change of target.copy(source, [{ from: 4096, to: 0, length: 8192 }])) {
    change.settle("done");
  }
  assertEquals(differs(target, 0, data(12_288, 1).subarray(4096)), null);
  assertEquals(differs(target, 0, data(8192, 1)), 0);
  target.change({ start: 4096, end: 8192 }, "zeros").settle("done");
  assertEquals(differs(target, 4096, new Uint8Array(4096)), null);
  assertEquals(differs(target, 4096, new Uint8Array(4096).fill(1)), 4096);
});

Deno.test("a file is found again under the name that it has", () => {
  const contents = new Contents();
  written(contents.opened("s", "dir\\a", "made"), 0, data(4096, 1));
  contents.moved("s", "DIR", "moved");
  assertEquals(differs(contents.opened("S", "Moved\\A", "opened"), 0, data(4096, 2)), 0);
  assertEquals(differs(contents.opened("s", "dir\\a", "opened"), 0, data(4096, 2)), null);
  contents.linked("s", "moved\\a", "b");
  assertEquals(differs(contents.opened("s", "b", "opened"), 0, data(4096, 2)), 0);
  contents.opened("s", "b", "emptied");
  assertEquals(differs(contents.opened("s", "moved\\a", "opened"), 0, new Uint8Array(9)), null);
  assertEquals(differs(contents.opened("s", "moved\\a", "opened"), 0, data(4096, 1)), 0);
});
