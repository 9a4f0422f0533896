import { assertEquals, assertThrows } from "@std/assert";
import { foldName, idInShortName, parsePath, shortNameOf } from "./names.ts";
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

Deno.test("a short name has the 8.3 form and leads back to its number", () => {
  const cases = [
    ["Read.me", "READ.ME"],
    ["eight888", "EIGHT888"],
    ["nine99999", "NINE99~A"],
    ["with space.txt", "WITHSP~A.TXT"],
    ["two.dots.html", "TWODOT~A.HTM"],
    [".hidden", "HIDDEN~A"],
    ["日本語のファイル.txt", "_~A.TXT"],
  ] as const;
  for (const [name, short] of cases) {
    assertEquals(shortNameOf(name, 10n), short);
    assertEquals(idInShortName(short), short.includes("~") ? 10n : undefined);
  }
});
