import { assert, assertEquals } from "@std/assert";
import {
  isError,
  isInformational,
  isSuccess,
  isWarning,
  Status,
  statusCode,
  statusEntries,
  statusName,
} from "./status.ts";

Deno.test("names and numbers are one to one, and both ways agree", () => {
  const entries = statusEntries();
  assert(entries.length > 450);
  assertEquals(new Set(entries.map(([, status]) => status)).size, entries.length);
  for (const [name, status] of entries) {
    assertEquals(statusName(status), name);
    assertEquals(statusCode(name), status);
  }
});

Deno.test("the table rises, so that a run never reaches into the next", () => {
  const codes = statusEntries().map(([, status]) => status);
  assertEquals(codes, codes.toSorted((a, b) => a - b));
});

Deno.test("every constant is in the table under its name", () => {
  for (const [name, status] of Object.entries(Status)) assertEquals(statusName(status), name);
});

Deno.test("an unknown status prints as a number and comes back from it", () => {
  assertEquals(statusName(0xc0001234), "0xC0001234");
  assertEquals(statusName(0x77), "0x00000077");
  assertEquals(statusCode("0xc0001234"), 0xc0001234);
  assertEquals(statusCode("STATUS_OBJECT_NAME_NOT_FOUND"), 0xc0000034);
  assertEquals([statusCode("SOMETHING_ELSE"), statusCode(""), statusCode("0x")], [
    null,
    null,
    null,
  ]);
});

Deno.test("severity is the two top bits", () => {
  const kinds = [0, 0x103, 0x40000000, 0x80000005, 0xc0000022].map((status) => [
    isSuccess(status),
    isInformational(status),
    isWarning(status),
    isError(status),
  ]);
  assertEquals(kinds, [
    [true, false, false, false],
    [true, false, false, false],
    [true, true, false, false],
    [false, false, true, false],
    [false, false, false, true],
  ]);
});

const tshark = await tsharkStatuses();

Deno.test({
  name: "every name that tshark knows too has the number that tshark gives",
  ignore: tshark === null,
  fn() {
    let compared = 0;
    for (const [name, status] of statusEntries()) {
      const theirs = tshark?.get(name);
      if (theirs === undefined) continue;
      assertEquals(theirs, status, name);
      compared += 1;
    }
    assert(compared > 400, `only ${compared} names were compared`);
  },
});

async function tsharkStatuses(): Promise<Map<string, number> | null> {
  try {
    const { stdout } = await new Deno.Command("tshark", { args: ["-G", "values"], stderr: "null" })
      .output();
    const statuses = new Map<string, number>();
    for (const line of new TextDecoder().decode(stdout).split("\n")) {
      const [row, field, number, name] = line.split("\t");
      if (row !== "V" || field !== "smb2.nt_status" || name === undefined) continue;
      statuses.set(name.replace(/^STATUS_/, ""), Number(number) >>> 0);
    }
    return statuses;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
