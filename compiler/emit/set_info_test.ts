import { assertEquals } from "@std/assert";
import type { SetInfoOperation } from "../plan.ts";
import { oneLine } from "./code.ts";
import { readableSetInfo } from "./set_info.ts";

function words(informationClass: number, input: string, additional = 0) {
  const readable = readableSetInfo({
    infoType: 1,
    class: informationClass,
    additional,
    input,
  } as SetInfoOperation);
  return readable === null
    ? null
    : [readable.method, readable.path ?? readable.args.map(oneLine)[0]];
}

/** FILE_RENAME_INFORMATION_TYPE_2 to the name "ab". */
const RENAME = "00".repeat(16) + "04000000" + "61006200";

Deno.test("renames, deletions and new sizes are said in words", () => {
  assertEquals(words(10, RENAME), ["rename", "ab"]);
  assertEquals(words(10, "01" + RENAME.slice(2)), ["rename", "ab"]);
  assertEquals(words(13, "01"), ["delete", undefined]);
  assertEquals(words(11, RENAME), ["link", "ab"]);
  assertEquals(words(20, "0010000000000000"), ["truncate", "4096"]);
});

Deno.test("times and attributes are said in words", () => {
  const [stays, frozen] = ["0".repeat(16), "f".repeat(16)];
  assertEquals(words(4, stays.repeat(4) + "2100000000000000"), [
    "setBasic",
    '{ attributes: ["readOnly", "archive"] }',
  ]);
  assertEquals(words(4, "00ad6fd6deb19d01" + frozen + stays + "01ad6fd6deb19d01" + stays), [
    "setBasic",
    '{ created: "1970-01-01T00:00:02Z", accessed: -1, changed: "1970-01-01T00:00:02.0000001Z" }',
  ]);
  assertEquals(words(4, stays.repeat(5)), ["setBasic", "{}"]);
});

Deno.test("bytes that the words would not send stay bytes", () => {
  for (
    const [informationClass, input] of [
      [10, RENAME + "00"],
      [10, "02" + RENAME.slice(2)],
      [10, "0000000000000001" + RENAME.slice(16)],
      [10, "00".repeat(16) + "02000000" + "00d8"],
      [10, "00"],
      [13, "00"],
      [13, "0100"],
      [20, "ffffffffffffffff"],
      [20, "00"],
      [4, "01"],
      [4, "00".repeat(36) + "01000000"],
      [4, "ffffffffffffff7f" + "00".repeat(32)],
    ] as const
  ) {
    assertEquals(words(informationClass, input), null, input);
  }
  assertEquals(words(13, "01", 1), null);
});
