/** Anonymized captures: nothing that tells whose they are is in what is written, and what is sent is what was sent. */
import { assert, assertEquals } from "@std/assert";
import { compile, type Compiled, type PlanOperation } from "./mod.ts";
import { Places } from "./places.ts";
import { WELL_KNOWN_NAMES } from "./well_known_names.ts";
import { sharedPath, sharedTest } from "../tests/harness/interop.ts";
import { definitionOf, streamsOf } from "../tests/harness/request_stream.ts";
import { ScriptFolder } from "../tests/captures/scripts.ts";
import { capturePath, keysOf, sharedCaptures } from "../tests/captures/shared_captures.ts";

/** With one key pseudonyms are always the same: one that happened to be another's name would be known. */
const KEY = new TextEncoder().encode("smbench tests: a key for pseudonyms");

const CAPTURES = [
  "own/contention-lease.pcap",
  "own/multi-4clients-small.pcap",
  "own/rclone.pcap",
  "own/acl-ea-copychunk.pcap",
  "own/failures.pcap",
  "own/notify.pcap",
  "own/rpc-only.pcap",
  "own/torture-create.pcap",
  "own/torture-ioctl-small.pcap",
  "public/OISF+suricata-verify/smb-length-5786.pcap",
  "public/OISF+suricata-verify/smb2-delete.pcap",
  "public/zeek+zeek/krb__smb2_krb.pcap",
  "public/zeek+zeek/smb__smb_v2_only_non_zero_reserved1.pcap",
  "public/idaholab+Malcolm-Test-Artifacts/plugins__CVE-2021-1675__PrintNightmare.pcap",
];

/** Names, addresses and ids of a plan, in lower case. */
function originalsOf({ plan }: Compiled, file: string): Set<string> {
  const originals = new Set<string>([file.replace(/^.*\//, "").toLowerCase()]);
  const add = (text: string | null | undefined) => {
    for (const part of text?.split(/[\\/:@]/) ?? []) originals.add(part.toLowerCase());
  };
  for (const { address, clientGuid, users } of plan.clients) {
    originals.add(address);
    if (clientGuid !== null) originals.add(clientGuid.toLowerCase());
    users.forEach(add);
  }
  const places = new Places();
  for (const operation of plan.operations) {
    add(places.of(operation).target);
    for (const text of namesOf(operation)) add(text);
  }
  return originals;
}

function namesOf(operation: PlanOperation): (string | null)[] {
  switch (operation.kind) {
    case "connect":
      return [operation.server.replace(/:\d+$/, "")];
    case "login":
      return [operation.user, operation.domain];
    case "tree":
    case "create":
      return [operation.path];
    case "queryDirectory":
      return [operation.pattern, ...(operation.entries ?? []).map(({ name }) => name)];
    default:
      return [];
  }
}

/** Words that scripts have by themselves, and fields of plans. */
const OWN_WORDS = Deno.readTextFileSync(new URL("../runtime/script/api.ts", import.meta.url))
  .toLowerCase() + Deno.readTextFileSync(new URL("./plan.ts", import.meta.url));

/** Whether a name could tell something: not what everybody has, and no word of our own. */
function tells(name: string): boolean {
  const [stem = "", ...rest] = name.split(".");
  return !WELL_KNOWN_NAMES.has(name) && !/^\d+$/.test(name) && !name.startsWith("com.apple.") &&
    !/[*?<>"]/.test(name) &&
    /[\p{L}\p{N}]/u.test(stem + (rest.length > 1 ? "x" : "")) && stem.length >= 4;
}

function utf16Hex(text: string): string {
  const units = Uint16Array.from(text, (character) => character.charCodeAt(0));
  return new Uint8Array(units.buffer).toHex();
}

sharedTest(
  "nothing of a capture's names, users, addresses and ids is left",
  ["captures/captures.json"],
  async (t) => {
    using scripts = new ScriptFolder();
    for (const file of CAPTURES) {
      await t.step(file, async () => {
        const capture = sharedCaptures().find((one) => one.file === file)!;
        const options = { version: "0.0.0", keys: keysOf(capture) };
        const before = await compile(capturePath(capture), options);
        const after = await compile(capturePath(capture), { ...options, anonymize: KEY });
        scripts.add(file, after.script);
        let json = "";
        await compile(capturePath(capture), {
          ...options,
          anonymize: KEY,
          json: (piece) => void (json += new TextDecoder().decode(piece)),
        });
        const texts = {
          json: json.toLowerCase(),
          script: [after.script, ...after.modules.map(({ text }) => text)].join("\n").toLowerCase(),
          plan: JSON.stringify(after.plan).toLowerCase(),
          notes: JSON.stringify(after.notes).toLowerCase(),
        };
        const originals = [...originalsOf(before, file)].filter(tells);
        assert(originals.length > 1);
        for (const original of originals) {
          const shown = JSON.stringify(original).slice(1, -1);
          const hidden = [utf16Hex(original), new TextEncoder().encode(original).toHex()];
          for (const [name, text] of Object.entries(texts)) {
            const found = (OWN_WORDS.includes(shown) ? hidden : [shown, ...hidden])
              .filter((form) => text.includes(form));
            assertEquals(found, [], `${original} in ${name}`);
          }
        }
        assertEquals(sizesOf(after), sizesOf(before));
        // The share "ro" is no part of the word "provided".
        const told = JSON.stringify(after.notes);
        if (told.includes("ACCESS_DENIED")) assert(told.includes("is not provided"), told);
      });
    }
    await t.step("deno fmt", async () => assertEquals(await scripts.fmt(), ""));
  },
);

/** Fields of names and bodies: all that may be others, of the same length. */
const SIZED: ReadonlySet<string> = new Set([
  "path",
  "pattern",
  "input",
  "data",
  "name",
  "netName",
  "user",
  "domain",
  "server",
  "client",
  "sha256",
  "appInstanceId",
]);

/** The operations with lengths for names. */
function sizesOf({ plan }: Compiled): unknown {
  return JSON.parse(JSON.stringify(plan.operations, (key, value) => {
    if (key === "client") return undefined;
    return SIZED.has(key) && typeof value === "string" ? value.length : value;
  }));
}

/** A request with lengths for names, bodies and data. */
function withoutNames(line: string): string {
  return JSON.stringify(
    JSON.parse(
      line,
      (key, value) => typeof value === "string" && SIZED.has(key) ? value.length : value,
    ),
  );
}

const TREE = "captures/own/smbclient-tree.pcap";

sharedTest("an anonymized scenario sends the requests that the capture has", [TREE], async () => {
  const folder = await Deno.makeTempDir({ prefix: "smbench-anonymized-" });
  try {
    const streams = [];
    for (const anonymize of [null, KEY]) {
      const compiled = await compile(sharedPath(TREE) ?? "", {
        version: "0.0.0",
        ...anonymize === null ? {} : { anonymize },
      });
      const path = `${folder}/scenario${streams.length}.ts`;
      await Deno.writeTextFile(path, compiled.script);
      const { definition } = await definitionOf(path);
      streams.push(await streamsOf(definition, { folder }));
    }
    const [plain, anonymous] = streams.map(({ connections }) =>
      connections.map((lines) => lines.map(withoutNames))
    );
    assert(plain!.flat().length > 170);
    assertEquals(anonymous, plain);
    const failed = streams.map(({ records }) =>
      records.map((record) => JSON.parse(record)).filter(({ matched }) => matched === false)
        .map(({ label, status }) => ({ label, status }))
    );
    assertEquals(failed[1], failed[0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
