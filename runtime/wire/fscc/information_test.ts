import { assert, assertEquals, assertThrows } from "@std/assert";
import { FileInformationClass, FsInformationClass, InfoType } from "../flags.ts";
import { FILE_LAYOUTS } from "./file_information.ts";
import { FS_LAYOUTS } from "./fs_information.ts";
import {
  decodeInformation,
  encodeInformation,
  type Information,
  informationClassOf,
} from "./information.ts";
import { type Layout, layoutSize } from "./layout.ts";
import { assertMutationsSafe, assertTruncationsSafe, bytesOf, hexOf } from "./testing.ts";

const TIMES = { creationTime: 1n, lastAccessTime: 2n, lastWriteTime: 3n, changeTime: 4n };
const TIMES_HEX = "0100000000000000 0200000000000000 0300000000000000 0400000000000000";

/** Values and their bytes; those with a capture's name were sent by a real server. */
const CASES: readonly (readonly [Information, string])[] = [
  [
    { kind: "FileBasicInformation", ...TIMES, fileAttributes: 0x20, reserved: 0 },
    `${TIMES_HEX} 20000000 00000000`,
  ],
  [
    {
      kind: "FileBasicInformation",
      creationTime: 0n,
      lastAccessTime: -1n,
      lastWriteTime: -2n,
      changeTime: 0n,
      fileAttributes: 0,
      reserved: 0xdeadbeef,
    },
    "0000000000000000 ffffffffffffffff feffffffffffffff 0000000000000000 00000000 efbeadde",
  ],
  [ // zeek smb_v2_only_non_zero_reserved1.pcap
    {
      kind: "FileStandardInformation",
      allocationSize: 4096n,
      endOfFile: 0n,
      numberOfLinks: 1,
      deletePending: true,
      directory: false,
      reserved: 0,
    },
    "0010000000000000 0000000000000000 01000000 01 00 0000",
  ],
  [ // suricata-verify smb2-delete.pcap
    { kind: "FileInternalInformation", indexNumber: 0x000c00000001a4fdn },
    "fda4010000000c00",
  ],
  [{ kind: "FileEaInformation", eaSize: 7 }, "07000000"],
  [{ kind: "FileAccessInformation", accessFlags: 0x001f01ff }, "ff011f00"],
  [{ kind: "FileNameInformation", name: "\\a" }, "04000000 5c006100"],
  [
    {
      kind: "FileRenameInformation",
      replaceIfExists: true,
      rootDirectory: 0n,
      name: "b",
    },
    "01 00000000000000 0000000000000000 02000000 6200",
  ],
  [
    {
      kind: "FileLinkInformation",
      replaceIfExists: false,
      reserved: bytesOf("01020304050607"),
      rootDirectory: 9n,
      name: "",
    },
    "00 01020304050607 0900000000000000 00000000",
  ],
  [{ kind: "FileDispositionInformation", deletePending: true }, "01"],
  [{ kind: "FilePositionInformation", currentByteOffset: 5n }, "0500000000000000"],
  [ // own acl-ea-copychunk.pcap
    {
      kind: "FileFullEaInformation",
      attributes: [{ flags: 0, name: "user.one", value: bytesOf("68656c6c6f") }],
    },
    "00000000 00 08 0500 757365722e6f6e65 00 68656c6c6f",
  ],
  [
    {
      kind: "FileFullEaInformation",
      attributes: [
        { flags: 0x80, name: "A", value: bytesOf("01") },
        { flags: 0, name: "B", value: new Uint8Array(0) },
      ],
      trailing: bytesOf("0000"),
    },
    "0c000000 80 01 0100 41 00 01 00 00000000 00 01 0000 42 00 0000",
  ],
  [{ kind: "FileModeInformation", mode: 2 }, "02000000"],
  [{ kind: "FileAlignmentInformation", alignmentRequirement: 1 }, "01000000"],
  [ // own multi-4clients-small.pcap
    {
      kind: "FileAllInformation",
      basic: {
        creationTime: 0x01dd78e1b294b0b9n,
        lastAccessTime: 0x01dd78e1b294b0b9n,
        lastWriteTime: 0x01dd78e1b2960311n,
        changeTime: 0x01dd78e1b2960311n,
        fileAttributes: 0x20,
        reserved: 0,
      },
      standard: {
        allocationSize: 0x100000n,
        endOfFile: 0x435n,
        numberOfLinks: 1,
        deletePending: false,
        directory: false,
        reserved: 0,
      },
      internal: { indexNumber: 0x2101c4n },
      ea: { eaSize: 0 },
      access: { accessFlags: 0x00120089 },
      position: { currentByteOffset: 0n },
      mode: { mode: 0x20 },
      alignment: { alignmentRequirement: 0 },
      name: "\\u1\\a",
    },
    "b9b094b2e178dd01 b9b094b2e178dd01 110396b2e178dd01 110396b2e178dd01 20000000 00000000" +
    "0000100000000000 3504000000000000 01000000 00 00 0000 c401210000000000 00000000 89001200" +
    "0000000000000000 20000000 00000000 0a000000 5c00750031005c006100",
  ],
  [{ kind: "FileAllocationInformation", allocationSize: 65536n }, "0000010000000000"],
  [{ kind: "FileEndOfFileInformation", endOfFile: 0n }, "0000000000000000"],
  [{ kind: "FileAlternateNameInformation", name: "b" }, "02000000 6200"],
  [ // own multi-4clients-small.pcap
    {
      kind: "FileStreamInformation",
      streams: [{ name: "::$DATA", size: 0x435n, allocationSize: 0x100000n }],
    },
    "00000000 0e000000 3504000000000000 0000100000000000 3a003a00240044004100540041 00",
  ],
  [
    {
      kind: "FileStreamInformation",
      streams: [
        { name: "", size: 1n, allocationSize: 2n },
        { name: ":s", size: 3n, allocationSize: 4n },
      ],
    },
    "18000000 00000000 0100000000000000 0200000000000000" +
    "00000000 04000000 0300000000000000 0400000000000000 3a007300",
  ],
  [{ kind: "FilePipeInformation", readMode: 1, completionMode: 0 }, "01000000 00000000"],
  [
    {
      kind: "FilePipeLocalInformation",
      namedPipeType: 1,
      namedPipeConfiguration: 2,
      maximumInstances: 3,
      currentInstances: 4,
      inboundQuota: 5,
      readDataAvailable: 6,
      outboundQuota: 7,
      writeQuotaAvailable: 8,
      namedPipeState: 9,
      namedPipeEnd: 10,
    },
    "01000000 02000000 03000000 04000000 05000000 06000000 07000000 08000000 09000000 0a000000",
  ],
  [
    { kind: "FilePipeRemoteInformation", collectDataTime: 1n, maximumCollectionCount: 2 },
    "0100000000000000 02000000",
  ],
  [
    {
      kind: "FileCompressionInformation",
      compressedFileSize: 1n,
      compressionFormat: 2,
      compressionUnitShift: 3,
      chunkShift: 4,
      clusterShift: 5,
      reserved: bytesOf("060708"),
    },
    "0100000000000000 0200 03 04 05 060708",
  ],
  [
    {
      kind: "FileObjectIdInformation",
      objectId: "03020100-0504-0706-0809-0a0b0c0d0e0f",
      extendedInfo: new Uint8Array(48).fill(9),
    },
    `000102030405060708090a0b0c0d0e0f ${"09".repeat(48)}`,
  ],
  [
    {
      kind: "FileNetworkOpenInformation",
      ...TIMES,
      allocationSize: 5n,
      endOfFile: 6n,
      fileAttributes: 0x10,
      reserved: 0,
    },
    `${TIMES_HEX} 0500000000000000 0600000000000000 10000000 00000000`,
  ],
  [
    { kind: "FileAttributeTagInformation", fileAttributes: 0x400, reparseTag: 0xa000000c },
    "00040000 0c0000a0",
  ],
  [{ kind: "FileValidDataLengthInformation", validDataLength: 1n }, "0100000000000000"],
  [{ kind: "FileShortNameInformation", name: "A" }, "02000000 4100"],
  [
    {
      kind: "FileHardLinkInformation",
      bytesNeeded: 0x40,
      links: [{ parentFileId: 5n, name: "a" }, { parentFileId: 6n, name: "bc" }],
    },
    "40000000 02000000" +
    "18000000 0500000000000000 01000000 6100 000000000000" +
    "00000000 0600000000000000 02000000 62006300",
  ],
  [{ kind: "FileNormalizedNameInformation", name: "x" }, "02000000 7800"],
  [
    {
      kind: "FileStandardLinkInformation",
      numberOfAccessibleLinks: 1,
      totalNumberOfLinks: 2,
      deletePending: false,
      directory: true,
      reserved: 0,
    },
    "01000000 02000000 00 01 0000",
  ],
  [
    {
      kind: "FileIdInformation",
      volumeSerialNumber: 1n,
      fileId: bytesOf("000102030405060708090a0b0c0d0e0f"),
    },
    "0100000000000000 000102030405060708090a0b0c0d0e0f",
  ],
  [{ kind: "FileDispositionInformationEx", flags: 3 }, "03000000"],
  [
    {
      kind: "FileRenameInformationEx",
      flags: 3,
      reserved: 0,
      rootDirectory: 0n,
      name: "b",
      trailing: bytesOf("0000"),
    },
    "03000000 00000000 0000000000000000 02000000 6200 0000",
  ],
  [ // zeek smb2_100_small_files.pcap
    {
      kind: "FileFsVolumeInformation",
      volumeCreationTime: 0n,
      volumeSerialNumber: 0xf7b12e91,
      supportsObjects: false,
      reserved: 0,
      volumeLabel: "public",
    },
    "0000000000000000 912eb1f7 0c000000 00 00 7000750062006c0069006300",
  ],
  [{ kind: "FileFsLabelInformation", volumeLabel: "L" }, "02000000 4c00"],
  [ // own multi-4clients-small.pcap
    {
      kind: "FileFsSizeInformation",
      totalAllocationUnits: 0xfbf8e74n,
      availableAllocationUnits: 0x480dd6cn,
      sectorsPerAllocationUnit: 2,
      bytesPerSector: 512,
    },
    "748ebf0f00000000 6cdd800400000000 02000000 00020000",
  ],
  [ // zeek smb2_100_small_files.pcap
    { kind: "FileFsDeviceInformation", deviceType: 7, characteristics: 0x22 },
    "07000000 22000000",
  ],
  [ // suricata-verify smb2-delete.pcap
    {
      kind: "FileFsAttributeInformation",
      fileSystemAttributes: 0x00c702ff,
      maximumComponentNameLength: 255,
      fileSystemName: "NTFS",
    },
    "ff02c700 ff000000 08000000 4e00540046005300",
  ],
  [
    {
      kind: "FileFsControlInformation",
      freeSpaceStartFiltering: 1n,
      freeSpaceThreshold: 2n,
      freeSpaceStopFiltering: 3n,
      defaultQuotaThreshold: -1n,
      defaultQuotaLimit: -1n,
      fileSystemControlFlags: 4,
      padding: 0,
    },
    "0100000000000000 0200000000000000 0300000000000000 ffffffffffffffff ffffffffffffffff" +
    "04000000 00000000",
  ],
  [ // zeek smb_v2_only_non_zero_reserved1.pcap
    {
      kind: "FileFsFullSizeInformation",
      totalAllocationUnits: 0xddd8ffn,
      callerAvailableAllocationUnits: 0x8b41fbn,
      actualAvailableAllocationUnits: 0x8b41fbn,
      sectorsPerAllocationUnit: 8,
      bytesPerSector: 512,
    },
    "ffd8dd0000000000 fb418b0000000000 fb418b0000000000 08000000 00020000",
  ],
  [ // zeek smb_v2_only_non_zero_reserved1.pcap
    {
      kind: "FileFsObjectIdInformation",
      objectId: "b77cf12a-0b43-4b33-ae7e-192d4ecb93cf",
      extendedInfo: new Uint8Array(48),
    },
    `2af17cb7430b334bae7e192d4ecb93cf ${"00".repeat(48)}`,
  ],
  [ // zeek smb2_100_small_files.pcap
    {
      kind: "FileFsSectorSizeInformation",
      logicalBytesPerSector: 512,
      physicalBytesPerSectorForAtomicity: 512,
      physicalBytesPerSectorForPerformance: 512,
      fileSystemEffectivePhysicalBytesPerSectorForAtomicity: 512,
      flags: 3,
      byteOffsetForSectorAlignment: 0,
      byteOffsetForPartitionAlignment: 0,
    },
    "00020000 00020000 00020000 00020000 03000000 00000000 00000000",
  ],
  [
    {
      kind: "FileQuotaInformation",
      quotas: [{
        changeTime: 1n,
        quotaUsed: 2n,
        quotaThreshold: -1n,
        quotaLimit: 3n,
        sid: "S-1-5-32-544",
      }],
    },
    "00000000 10000000 0100000000000000 0200000000000000 ffffffffffffffff 0300000000000000" +
    "0102 000000000005 20000000 20020000",
  ],
];

Deno.test("each class is its golden bytes, both ways", () => {
  for (const [value, hex] of CASES) {
    const { infoType, informationClass } = informationClassOf(value);
    assertEquals(hexOf(encodeInformation(value)), hex.replaceAll(" ", ""), value.kind);
    assertEquals(decodeInformation(infoType, informationClass, bytesOf(hex)), value);
  }
});

Deno.test("every class with a layout has a golden case", () => {
  const kinds = new Set(CASES.map(([value]) => value.kind as string));
  const missing = [...Object.keys(FILE_LAYOUTS), ...Object.keys(FS_LAYOUTS)]
    .filter((kind) => !kinds.has(kind));
  assertEquals(missing, []);
});

Deno.test("every layout is named for a class", () => {
  for (const kind of Object.keys(FILE_LAYOUTS)) assert(kind in FileInformationClass, kind);
  for (const kind of Object.keys(FS_LAYOUTS)) assert(kind in FsInformationClass, kind);
});

Deno.test("fixed structures refuse each shorter length", () => {
  for (const [table, infoType] of [[FILE_LAYOUTS, InfoType.FILE], [FS_LAYOUTS, 2]] as const) {
    for (const [kind, layout] of Object.entries(table) as [string, Layout][]) {
      const classes: Readonly<Record<string, number>> = {
        ...FileInformationClass,
        ...FsInformationClass,
      };
      const bytes = new Uint8Array(layoutSize(layout));
      const decode = (cut: Uint8Array) => decodeInformation(infoType, classes[kind] ?? -1, cut);
      assertTruncationsSafe(bytes, decode, { mustFail: true });
      assertEquals(decode(bytes).kind, kind);
    }
  }
});

Deno.test("every case cut anywhere or changed at random raises nothing but WireError", () => {
  for (const [value, hex] of CASES) {
    const { infoType, informationClass } = informationClassOf(value);
    const decode = (bytes: Uint8Array) => {
      const information = decodeInformation(infoType, informationClass, bytes);
      encodeInformation(information);
    };
    assertTruncationsSafe(bytesOf(hex), decode);
    assertMutationsSafe(bytesOf(hex), decode, { rounds: 200 });
  }
});

Deno.test("unknown types and classes, and directory classes, stay raw and survive", () => {
  for (
    const [infoType, informationClass] of [[1, 200], [1, 37], [2, 9], [7, 1], [1, 32]] as const
  ) {
    const data = bytesOf("010203");
    const value = decodeInformation(infoType, informationClass, data);
    assertEquals(value, { kind: "raw", infoType, informationClass, data });
    assertEquals(encodeInformation(value), data);
    assertEquals(informationClassOf(value), { infoType, informationClass });
  }
});

Deno.test("a BOOLEAN that is neither 0 nor 1 keeps the bytes raw, since it would not come back", () => {
  assertEquals(decodeInformation(1, 13, bytesOf("ff")).kind, "raw");
  assertEquals(decodeInformation(1, 13, bytesOf("00")).kind, "FileDispositionInformation");
});

Deno.test("streams that another server aligned to 4 decode all the same (macOS, shared captures)", () => {
  const hex = "2c000000 0e000000 0000000000000000 0000000000000000 3a003a0024004400410054004100" +
    "000000000000 00000000 24000000 3c00000000000000 3c00000000000000" +
    "3a004100460050005f0041006600700049006e0066006f003a002400440041005400410000000000";
  const value = decodeInformation(1, 22, bytesOf(hex));
  assert(value.kind === "FileStreamInformation");
  assertEquals(value.streams.map(({ name, size }) => [name, size]), [
    ["::$DATA", 0n],
    [":AFP_AfpInfo:$DATA", 60n],
  ]);
});

Deno.test("an attribute name of more than 255 or of wide characters is refused", () => {
  for (const name of ["a".repeat(256), "\u0100"]) {
    const attributes = [{ flags: 0, name, value: new Uint8Array(0) }];
    assertThrows(
      () => encodeInformation({ kind: "FileFullEaInformation", attributes }),
      Error,
      "8-bit",
    );
  }
});
