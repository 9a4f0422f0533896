import { assertEquals, assertThrows } from "@std/assert";
import { foldName, parsePath } from "./names.ts";
import { StoreError } from "./errors.ts";

Deno.test("folding makes letters of either case equal and keeps the length", () => {
  assertEquals(foldName("Übung.TXT"), foldName("übung.txt"));
  assertEquals(foldName("ß"), "ß");
  assertEquals(foldName("a\ud800b"), "A\ud800B");
  assertEquals(foldName("😀x"), "😀X");
});

Deno.test("a path falls into parents, name and stream", () => {
  const root = { parents: [], name: undefined, stream: "", hasStream: false };
  assertEquals(parsePath(""), root);
  assertEquals(parsePath("a"), { ...root, name: "a" });
  assertEquals(parsePath("a\\b\\c"), { ...root, parents: ["a", "b"], name: "c" });
  assertEquals(parsePath("a:s"), { ...root, name: "a", stream: "s", hasStream: true });
  assertEquals(parsePath("a::$data"), { ...root, name: "a", hasStream: true });
  assertEquals(parsePath(":s:$DATA"), { ...root, stream: "s", hasStream: true });
});

Deno.test("names that no file can have are refused", () => {
  const bad = [
    "\\a",
    "a\\",
    "a\\\\b",
    "a\\..\\b",
    ".",
    "a*b",
    'a"b',
    "a/b",
    "a\x00",
    "a|b",
    "a:",
    "a:s:$INDEX",
    "a:s:",
    "a:b\\c",
    "x".repeat(256),
    "a:" + "x".repeat(256),
    Array(257).fill("d").join("\\"),
    "x\\".repeat(20_000),
  ];
  for (const path of bad) {
    const error = assertThrows(() => parsePath(path), StoreError);
    assertEquals(error.code, "invalidName", path.slice(0, 20));
  }
});
