import { assertEquals, assertThrows } from "@std/assert";
import { expectedStatus } from "./expected.ts";

const NOT_FOUND = 0xc0000034;

Deno.test("without an expectation success counts as right", () => {
  const expected = expectedStatus(undefined);
  assertEquals([0, NOT_FOUND, null].map((status) => expected.matches(status)), [
    true,
    false,
    false,
  ]);
});

Deno.test("any status is a status, not silence", () => {
  const expected = expectedStatus("any");
  assertEquals([0, NOT_FOUND, null].map((status) => expected.matches(status)), [true, true, false]);
});

Deno.test("silence may be expected, alone or beside statuses", () => {
  assertEquals(expectedStatus("none").matches(null), true);
  assertEquals(expectedStatus("none").matches(0), false);
  const either = expectedStatus(["OBJECT_NAME_NOT_FOUND", "none"]);
  assertEquals([0, NOT_FOUND, null].map((status) => either.matches(status)), [false, true, true]);
  assertEquals(either.text, "OBJECT_NAME_NOT_FOUND or no response");
});

Deno.test("what was never answered may end in any way", () => {
  const expected = expectedStatus(["any", "none"]);
  assertEquals([0, NOT_FOUND, null].map((status) => expected.matches(status)), [true, true, true]);
  assertEquals(expected.text, "any or no response");
});

Deno.test("a status without a name is refused", () => {
  assertThrows(() => expectedStatus("NO_SUCH_STATUS_AT_ALL"), RangeError, "Cannot expect status");
});
