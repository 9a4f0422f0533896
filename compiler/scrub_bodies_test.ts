import { assertEquals, assertNotEquals } from "@std/assert";
import { Pseudonyms } from "./pseudonyms.ts";
import {
  scrubAttributeNames,
  scrubAttributes,
  scrubDescriptor,
  scrubQuotaQuery,
  scrubQuotas,
  scrubRpc,
  type Substitutes,
} from "./scrub_bodies.ts";

const names = new Pseudonyms(new Uint8Array(32).fill(5));
const SUBSTITUTES: Substitutes = {
  name: (name) => names.name(name),
  secret: (purpose, bytes, length) => names.digest(purpose, bytes).subarray(0, length),
};

function u32(...numbers: number[]): string {
  return new Uint8Array(Uint32Array.from(numbers).buffer).toHex();
}

/** `S-1-authority-subauthorities`. */
function sid(authority: number, ...subs: number[]): string {
  return `01${subs.length.toString(16).padStart(2, "0")}0000000000${
    authority.toString(16).padStart(2, "0")
  }${u32(...subs)}`;
}

const OWNER = sid(5, 21, 11, 22, 33, 1105);
const EVERYONE = sid(1, 0);
const ADMINS = sid(5, 32, 544);

function ace(who: string): string {
  const size = 8 + who.length / 2;
  return `0003${size.toString(16).padStart(2, "0")}00ff011f00${who}`;
}

/** Owner, and a DACL of some ACEs. */
function descriptor(owner: string, ...aces: string[]): string {
  const acl = `0200${(8 + aces.join("").length / 2).toString(16).padStart(2, "0")}00${
    aces.length.toString(16).padStart(2, "0")
  }000000${aces.join("")}`;
  const ownerAt = 20;
  return `01000480${u32(ownerAt, 0, 0, ownerAt + owner.length / 2)}${owner}${acl}`;
}

Deno.test("a security descriptor keeps its form, and SIDs that everybody has", () => {
  const before = descriptor(OWNER, ace(OWNER), ace(EVERYONE), ace(ADMINS));
  const after = scrubDescriptor(before, SUBSTITUTES);
  assertEquals(after.length, before.length);
  const owner = after.slice(40, 40 + OWNER.length);
  assertNotEquals(owner, OWNER);
  assertEquals(owner.slice(0, 24), OWNER.slice(0, 24), "it is still one of a domain");
  assertEquals(after, descriptor(owner, ace(owner), ace(EVERYONE), ace(ADMINS)));
});

Deno.test("accounts of one domain stay of one domain, its groups stay what they are", () => {
  const scrub = (who: string) => scrubDescriptor(descriptor(who), SUBSTITUTES).slice(40, 40 + 56);
  const [one, two] = [scrub(OWNER), scrub(sid(5, 21, 11, 22, 33, 513))];
  assertEquals(one.slice(24, 48), two.slice(24, 48));
  assertEquals(two.slice(48), u32(513));
  assertNotEquals(one.slice(48), u32(1105));
});

Deno.test("what is cut or makes no sense becomes zeros", () => {
  assertEquals(scrubDescriptor("0102", SUBSTITUTES), "0000");
  const cut = descriptor(OWNER, ace(OWNER)).slice(0, 60);
  const after = scrubDescriptor(cut, SUBSTITUTES);
  assertEquals(after.slice(40), "0".repeat(20));
});

Deno.test("extended attributes lose names and values, but not those of subsystems", () => {
  const entry = (next: number, name: string, value: string) => {
    const bytes = new TextEncoder().encode(name).toHex();
    const valueLength = (value.length / 2).toString(16).padStart(2, "0");
    return `${u32(next)}00${
      name.length.toString(16).padStart(2, "0")
    }${valueLength}00${bytes}00${value}`;
  };
  const input = entry(24, "CUSTOMER", "01020304050607") + entry(0, "$LXUID", "e8030000");
  const after = scrubAttributes(input, SUBSTITUTES);
  const other = names.name("CUSTOMER");
  assertEquals(after, entry(24, other, "0".repeat(14)) + entry(0, "$LXUID", "00000000"));
  const query = `${u32(0)}08${new TextEncoder().encode("CUSTOMER").toHex()}00`;
  assertEquals(
    scrubAttributeNames(query, SUBSTITUTES),
    `${u32(0)}08${new TextEncoder().encode(other).toHex()}00`,
  );
});

Deno.test("quotas keep their numbers", () => {
  const entry = `${u32(0, OWNER.length / 2)}${"11".repeat(32)}${OWNER}`;
  const after = scrubQuotas(entry, SUBSTITUTES);
  assertEquals(after.slice(0, 80), entry.slice(0, 80));
  assertEquals(after.length, entry.length);
  assertNotEquals(after.slice(80), OWNER);
  const list = `${u32(0, OWNER.length / 2)}${OWNER}`;
  const query = `01000000${u32(list.length / 2, 0, 0)}${list}`;
  const asked = scrubQuotaQuery(query, SUBSTITUTES);
  assertEquals(asked.slice(0, 48), query.slice(0, 48));
  assertEquals(asked.slice(48), after.slice(80));
});

Deno.test("of DCE/RPC interfaces stay, arguments do not", () => {
  const bind = `05000b0310000000${"48000000"}01000000${"ab".repeat(56)}`;
  assertEquals(scrubRpc(bind), bind);
  const request = `0500000310000000${"28000000"}02000000${"10000000"}0000${"0f00"}${
    "cd".repeat(16)
  }`;
  assertEquals(scrubRpc(request), request.slice(0, 48) + "0".repeat(32));
  assertEquals(scrubRpc("4e544c4d"), "00000000");
});

Deno.test("bodies of any bytes are scrubbed at their length", () => {
  let seed = 7;
  const random = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  const scrubbers = [
    scrubDescriptor,
    scrubAttributes,
    scrubAttributeNames,
    scrubQuotas,
    scrubQuotaQuery,
    (input: string) => scrubRpc(input),
  ];
  const templates = [
    descriptor(OWNER, ace(OWNER), ace(EVERYONE)),
    `${u32(0, OWNER.length / 2)}${"11".repeat(32)}${OWNER}`,
    `01000000${u32(0, 28, 0)}${OWNER}`,
    "",
  ];
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.fromHex(
      templates[random(templates.length)]! + "00".repeat(random(40)),
    );
    for (let change = random(6); change > 0; change--) {
      if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
    }
    const input = bytes.subarray(0, random(bytes.length + 1)).toHex();
    for (const scrub of scrubbers) {
      assertEquals(scrub(input, SUBSTITUTES).length, input.length, input);
    }
  }
});
