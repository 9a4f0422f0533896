/** Every information class and create context against Samba: what it answers decodes, what it refuses has a status. */
import { assert, assertEquals } from "@std/assert";
import { type CreateContext, expect, scenario, type User } from "../../mod.ts";
import {
  encodeInformation,
  FileInformationClass,
  FsInformationClass,
  type Information,
  isDirectoryClass,
  msToFiletime,
} from "../../runtime/wire/mod.ts";
import { interopTest } from "../harness/interop.ts";
import { startSmbd } from "../harness/smbd.ts";
import { malformedFrames, startCapture } from "../harness/tshark.ts";
import { playOn } from "./play.ts";

const CAPTURED = { needs: ["smbd", "tshark", "tcpdump"] } as const;
/** NO_EAS_ON_FILE depends on the file system below: extended attributes are asked for apart. */
const REFUSALS = [
  "INVALID_INFO_CLASS",
  "NOT_SUPPORTED",
  "INVALID_PARAMETER",
  "INVALID_LEVEL",
  "NO_EAS_ON_FILE",
];

/** What Samba 4.17 answers; all others it refuses. */
const QUERIED = {
  file: [
    "FileAccessInformation",
    "FileAlignmentInformation",
    "FileAllInformation",
    "FileAllocationInformation",
    "FileAlternateNameInformation",
    "FileAttributeTagInformation",
    "FileBasicInformation",
    "FileCompressionInformation",
    "FileDispositionInformation",
    "FileEaInformation",
    "FileEndOfFileInformation",
    "FileInternalInformation",
    "FileModeInformation",
    "FileNameInformation",
    "FileNetworkOpenInformation",
    "FileNormalizedNameInformation",
    "FilePositionInformation",
    "FileStandardInformation",
    "FileStreamInformation",
  ],
  fileSystem: [
    "FileFsAttributeInformation",
    "FileFsControlInformation",
    "FileFsDeviceInformation",
    "FileFsFullSizeInformation",
    "FileFsLabelInformation",
    "FileFsObjectIdInformation",
    "FileFsSectorSizeInformation",
    "FileFsSizeInformation",
    "FileFsVolumeInformation",
  ],
};

const LISTED = [
  "FileBothDirectoryInformation",
  "FileDirectoryInformation",
  "FileFullDirectoryInformation",
  "FileIdBothDirectoryInformation",
  "FileIdFullDirectoryInformation",
  "FileNamesInformation",
];

const TIME = msToFiletime(Date.UTC(2020, 1, 2));

/** Values that SET_INFO takes, in this order, on one file. */
const SETTABLE: readonly Information[] = [
  {
    kind: "FileBasicInformation",
    creationTime: TIME,
    lastAccessTime: TIME,
    lastWriteTime: TIME,
    changeTime: TIME,
    fileAttributes: 0x20,
    reserved: 0,
  },
  { kind: "FileAllocationInformation", allocationSize: 4096n },
  { kind: "FileEndOfFileInformation", endOfFile: 100n },
  { kind: "FilePositionInformation", currentByteOffset: 10n },
  { kind: "FileModeInformation", mode: 0 },
  { kind: "FileLinkInformation", replaceIfExists: true, rootDirectory: 0n, name: "linked" },
  { kind: "FileRenameInformation", replaceIfExists: true, rootDirectory: 0n, name: "renamed" },
  { kind: "FileDispositionInformation", deletePending: true },
];

async function queriedBy(user: User, type: "file" | "fileSystem"): Promise<string[]> {
  const table = type === "file" ? FileInformationClass : FsInformationClass;
  await user.writeFile("queried", "x");
  await using file = await user.open("queried", { access: "all" });
  const answered: string[] = [];
  for (const [name, number] of Object.entries(table)) {
    const operation = file.queryInfo({ type, class: name, expect: ["SUCCESS", ...REFUSALS] });
    const { value } = await operation;
    if ((await operation.outcome).status !== "SUCCESS") continue;
    if (name !== "FileFullEaInformation") answered.push(name);
    const isList = type === "file" && isDirectoryClass(number);
    expect(isList || value !== null, `${name} does not decode`).toBe(true);
  }
  return answered.sort();
}

interopTest("Samba's information decodes, class by class", CAPTURED, async () => {
  await using smbd = await startSmbd();
  await using capture = await startCapture({ port: smbd.port });
  await playOn(
    smbd,
    scenario({ name: "information" }, async ({ client }) => {
      const alice = await client("alice");
      expect(await queriedBy(alice, "file")).toEqual(QUERIED.file);
      expect(await queriedBy(alice, "fileSystem")).toEqual(QUERIED.fileSystem);
      await using root = await alice.open("", { access: "r", options: ["directory"] });
      const listed: string[] = [];
      for (const [name, number] of Object.entries(FileInformationClass)) {
        if (!isDirectoryClass(number)) continue;
        const operation = root.queryDirectory({
          class: name,
          flags: 0x01,
          expect: ["SUCCESS", ...REFUSALS],
        });
        const entries = await operation;
        if ((await operation.outcome).status !== "SUCCESS") continue;
        listed.push(name);
        expect(entries.map((entry) => entry.name)).toContain("queried");
      }
      expect(listed.sort()).toEqual(LISTED);
      await using file = await alice.open("queried", { access: "all" });
      const security = await file.queryInfo({ type: "security", additional: 0x07 });
      expect(security.value).not.toBeNull();
      await file.setInfo(security.bytes, { type: "security", additional: 0x04 });
      for (const value of SETTABLE) {
        await file.setInfo(encodeInformation(value), { class: value.kind });
      }
    }),
  );
  const pcap = await capture.stop();
  const options = { port: smbd.port, filter: `tcp.dstport == ${smbd.port}` };
  assertEquals(await malformedFrames(pcap, options), []);
});

const GUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

/** Contexts with a new file each, and whether Samba answers them with one of its own. */
const CONTEXTS: readonly (readonly [CreateContext, boolean])[] = [
  ["MxAc", true],
  ["QFid", true],
  [{ kind: "AlSi", allocationSize: 65536 }, false],
  [{ kind: "ExtA", data: extendedAttribute() }, false],
  [{ kind: "AppInstanceId", appInstanceId: GUID }, false],
  [{ kind: "AppInstanceVersion", high: 1n, low: 2n }, false],
  [{ kind: "SVHDX", data: sharedDisk() }, false],
  ["AAPL", false],
  [{ kind: "raw", name: "ZzZz", data: new Uint8Array(5) }, false],
];

/** SVHDX_OPEN_DEVICE_CONTEXT, version 1, without an initiator (MS-RSVD 2.2.4.12). */
function sharedDisk(): Uint8Array {
  const context = new Uint8Array(168);
  context[0] = 1;
  return context;
}

/** FILE_FULL_EA_INFORMATION of one attribute, `A` = `1` (MS-FSCC 2.4.15). */
function extendedAttribute(): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 1, 1, 0, 0x41, 0, 0x31);
}

interopTest(
  "Samba takes every create context, those that it does not know too",
  CAPTURED,
  async () => {
    await using smbd = await startSmbd();
    await using capture = await startCapture({ port: smbd.port });
    const { received } = await playOn(
      smbd,
      scenario({ name: "contexts" }, async ({ client }) => {
        const alice = await client("alice");
        for (const [index, [context]] of CONTEXTS.entries()) {
          const file = await alice.open(`context${index}`, {
            access: "all",
            disposition: "create",
            contexts: [context],
          });
          await file.close();
        }
        // Without a module that keeps snapshots Samba opens the file as it is.
        const old = await alice.open("context0", { contexts: [{ kind: "TWrp", timestamp: TIME }] });
        await old.close();
        await using file = await alice.open("context0", { access: "all" });
        const { bytes } = await file.queryInfo({ type: "security", additional: 0x04 });
        const secured = await alice.open("secured", {
          access: "all",
          disposition: "create",
          contexts: [{ kind: "SecD", data: bytes }],
        });
        await secured.close();
      }),
    );
    const answers = received.flatMap((message) =>
      message.kind === "response" && message.command === "CREATE" ? [message.body.contexts] : []
    );
    for (const [index, [, answered]] of CONTEXTS.entries()) {
      assertEquals((answers[index] ?? []).length > 0, answered, `context ${index}`);
    }
    assert(answers.every((contexts) => contexts.every(({ kind }) => kind !== "raw")));
    const options = { port: smbd.port, filter: `tcp.dstport == ${smbd.port}` };
    assertEquals(await malformedFrames(await capture.stop(), options), []);
  },
);
