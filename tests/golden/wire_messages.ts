/**
 * Golden bytes of every SMB2 message. Each case is laid out by hand from the section named in `source`; the bytes were
 * then dissected by tshark 4.0.17, which `tests/interop/wire_tshark_test.ts` repeats field by field.
 */
import { type Header, makeHeader, type Message } from "../../runtime/wire/mod.ts";

/** One message, as a value and as bytes. */
export interface GoldenMessage {
  readonly name: string;
  /** Where the layout comes from: sections of MS-SMB2, and the dissector that agreed. */
  readonly source: string;
  /** The bytes from the SMB2 header on. */
  readonly hex: string;
  readonly value: Message;
}

const FILE_ID = { persistent: 0x0000001100000022n, volatile: 0x0000003300000044n };
const LEASE_KEY = bytes("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const PARENT_KEY = bytes("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf");
const CREATE_GUID = "11223344-5566-7788-99aa-bbccddeeff00";
const CLIENT_GUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const SERVER_GUID = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";
const NONE = new Uint8Array(0);

/** 2021-01-01T00:00:00Z as FILETIME. */
const TIME = 132539328000000000n;

/** An NTLM NEGOTIATE_MESSAGE without names (MS-NLMP 2.2.1.1). */
const NTLM_NEGOTIATE = bytes(
  "4e544c4d5353500001000000978208e2000000000000000000000000000000000a00614a0000000f",
);

const RESPONSE = 0x00000001;

function request(command: number, messageId: bigint, fields: Partial<Header> = {}): Header {
  return makeHeader({
    command,
    messageId,
    creditCharge: 1,
    credits: 31,
    treeId: 5,
    sessionId: 0x0000040000000009n,
    ...fields,
  });
}

function response(command: number, messageId: bigint, fields: Partial<Header> = {}): Header {
  return request(command, messageId, { flags: RESPONSE, credits: 1, ...fields });
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function text(value: string): Uint8Array {
  return Uint8Array.from([...value].flatMap((c) => [c.charCodeAt(0) & 0xff, c.charCodeAt(0) >> 8]));
}

/** All cases; requests and their responses share a message id. */
export const GOLDEN_MESSAGES: readonly GoldenMessage[] = [
  {
    name: "NEGOTIATE request of dialects 2.0.2 and 2.1",
    source: "2.2.3",
    hex: "fe534d4240000000000000000000010000000000000000000000000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "24000200010000000000000010b8a76bad9dd11180b400c04fd430c800000000" +
      "0000000002021002",
    value: {
      kind: "request",
      command: "NEGOTIATE",
      header: makeHeader({ command: 0, credits: 1 }),
      body: {
        securityMode: 1,
        capabilities: 0,
        clientGuid: CLIENT_GUID,
        dialects: [0x0202, 0x0210],
        clientStartTime: 0n,
      },
    },
  },
  {
    name: "NEGOTIATE response of dialect 2.1",
    source: "2.2.4",
    hex: "fe534d4240000000000000000000010001000000000000000000000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "410003001002000011b8a76bad9dd11180b400c04fd430c80700000000001000" +
      "00002000000030000080350cd1dfd60100000000000000008000000000000000",
    value: {
      kind: "response",
      command: "NEGOTIATE",
      header: makeHeader({ command: 0, flags: RESPONSE, credits: 1 }),
      body: {
        securityMode: 3,
        dialectRevision: 0x0210,
        serverGuid: SERVER_GUID,
        capabilities: 0x00000007,
        maxTransactSize: 0x00100000,
        maxReadSize: 0x00200000,
        maxWriteSize: 0x00300000,
        systemTime: TIME,
        serverStartTime: 0n,
        securityBuffer: NONE,
      },
    },
  },
  {
    name: "NEGOTIATE request of all dialects with contexts",
    source: "2.2.3, 2.2.3.1",
    hex: "fe534d42400001000000000000001f0000000000000000000100000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "24000500010000007f00000010b8a76bad9dd11180b400c04fd430c870000000" +
      "0500000002021002000302031103000001001600000000000100100001000011" +
      "2233445566778899aabbccddeeff000002000a00000000000400020001000400" +
      "0300000000000000030010000000000004000000010000000400020003000100" +
      "0800080000000000030002000100000005001a0000000000660069006c006500" +
      "72002e006500780061006d0070006c006500",
    value: {
      kind: "request",
      command: "NEGOTIATE",
      header: makeHeader({ command: 0, messageId: 1n, creditCharge: 1, credits: 31 }),
      body: {
        securityMode: 1,
        capabilities: 0x0000007f,
        clientGuid: CLIENT_GUID,
        dialects: [0x0202, 0x0210, 0x0300, 0x0302, 0x0311],
        contexts: [
          {
            kind: "preauthIntegrity",
            hashAlgorithms: [1],
            salt: bytes("00112233445566778899aabbccddeeff"),
          },
          { kind: "encryption", ciphers: [2, 1, 4, 3] },
          { kind: "compression", flags: 1, padding: 0, algorithms: [4, 2, 3, 1] },
          { kind: "signing", algorithms: [2, 1, 0] },
          { kind: "netname", netName: "filer.example" },
        ],
        clientStartTime: 0n,
      },
    },
  },
  {
    name: "NEGOTIATE response of dialect 3.1.1 with contexts",
    source: "2.2.4, 2.2.4.1",
    hex: "fe534d4240000100000000000000010001000000000000000100000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "410001001103030011b8a76bad9dd11180b400c04fd430c82f00000000008000" +
      "00008000000080000080350cd1dfd601000000000000000080002800a8000000" +
      "4e544c4d5353500001000000978208e200000000000000000000000000000000" +
      "0a00614a0000000f0100160000000000010010000100ffeeddccbbaa99887766" +
      "5544332211000000020004000000000001000200000000000800040000000000" +
      "01000100",
    value: {
      kind: "response",
      command: "NEGOTIATE",
      header: makeHeader({
        command: 0,
        messageId: 1n,
        creditCharge: 1,
        flags: RESPONSE,
        credits: 1,
      }),
      body: {
        securityMode: 1,
        dialectRevision: 0x0311,
        serverGuid: SERVER_GUID,
        capabilities: 0x0000002f,
        maxTransactSize: 0x00800000,
        maxReadSize: 0x00800000,
        maxWriteSize: 0x00800000,
        systemTime: TIME,
        serverStartTime: 0n,
        securityBuffer: NTLM_NEGOTIATE,
        contexts: [
          {
            kind: "preauthIntegrity",
            hashAlgorithms: [1],
            salt: bytes("ffeeddccbbaa99887766554433221100"),
          },
          { kind: "encryption", ciphers: [2] },
          { kind: "signing", algorithms: [1] },
        ],
      },
    },
  },
  {
    name: "SESSION_SETUP request with an NTLM token",
    source: "2.2.5",
    hex: "fe534d42400001000000000001001f0000000000000000000200000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "1900000101000000000000005800280001000000000400004e544c4d53535000" +
      "01000000978208e2000000000000000000000000000000000a00614a0000000f",
    value: {
      kind: "request",
      command: "SESSION_SETUP",
      header: request(1, 2n, { treeId: 0, sessionId: 0n }),
      body: {
        flags: 0,
        securityMode: 1,
        capabilities: 1,
        channel: 0,
        previousSessionId: 0x0000040000000001n,
        securityBuffer: NTLM_NEGOTIATE,
      },
    },
  },
  {
    name: "SESSION_SETUP response that asks for more",
    source: "2.2.6, 3.3.4.4",
    hex: "fe534d4240000100160000c00100010001000000000000000200000000000000" +
      "0000000000000000090000000004000000000000000000000000000000000000" +
      "09000000480028004e544c4d5353500001000000978208e20000000000000000" +
      "00000000000000000a00614a0000000f",
    value: {
      kind: "response",
      command: "SESSION_SETUP",
      header: response(1, 2n, { treeId: 0, status: 0xc0000016 }),
      body: { sessionFlags: 0, securityBuffer: NTLM_NEGOTIATE },
    },
  },
  {
    name: "SESSION_SETUP response of a guest without a token",
    source: "2.2.6",
    hex: "fe534d4240000100000000000100010001000000000000000300000000000000" +
      "0000000000000000090000000004000000000000000000000000000000000000" +
      "0900010048000000",
    value: {
      kind: "response",
      command: "SESSION_SETUP",
      header: response(1, 3n, { treeId: 0 }),
      body: { sessionFlags: 1, securityBuffer: NONE },
    },
  },
  {
    name: "TREE_CONNECT request",
    source: "2.2.9",
    hex: "fe534d42400001000000000003001f0000000000000000000400000000000000" +
      "0000000000000000090000000004000000000000000000000000000000000000" +
      "0900000048001a005c005c00660069006c00650072005c007300680061007200" +
      "6500",
    value: {
      kind: "request",
      command: "TREE_CONNECT",
      header: request(3, 4n, { treeId: 0 }),
      body: { flags: 0, path: "\\\\filer\\share" },
    },
  },
  {
    name: "TREE_CONNECT response",
    source: "2.2.10",
    hex: "fe534d4240000100000000000300010001000000000000000400000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "100001000008000018000000ff011f00",
    value: {
      kind: "response",
      command: "TREE_CONNECT",
      header: response(3, 4n),
      body: { shareType: 1, shareFlags: 0x800, capabilities: 0x18, maximalAccess: 0x001f01ff },
    },
  },
  {
    name: "CREATE request of a file with lease, durable handle and other contexts",
    source: "2.2.13, 2.2.13.2",
    hex: "fe534d42400001000300000005001f0000000000000000000500000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "390000ff02000000000000000000000000000000000000009f01120080000000" +
      "07000000030000004400000078002400a0000000d40000006400690072005c00" +
      "42006500720069006300680074002000fc002d4e2e0074007800740000000000" +
      "3800000010000400000018002000000044483251000000000000000000000000" +
      "0000000000000000443322116655887799aabbccddeeff002000000010000400" +
      "0000180008000000416c53690000000000100000000000001800000010000400" +
      "00000000000000004d7841630000000018000000100004000000000000000000" +
      "51466964000000000000000010000400000018003400000052714c7300000000" +
      "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf07000000040000000000000000000000" +
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf01000000",
    value: {
      kind: "request",
      command: "CREATE",
      header: request(5, 5n, { status: 0x00000003 }),
      body: {
        securityFlags: 0,
        requestedOplockLevel: 0xff,
        impersonationLevel: 2,
        smbCreateFlags: 0n,
        reserved: 0n,
        desiredAccess: 0x0012019f,
        fileAttributes: 0x80,
        shareAccess: 7,
        createDisposition: 3,
        createOptions: 0x00000044,
        name: "dir\\Bericht \u00fc\u4e2d.txt",
        contexts: [
          { kind: "DH2Q", timeout: 0, flags: 0, reserved: 0n, createGuid: CREATE_GUID },
          { kind: "AlSi", allocationSize: 4096n },
          { kind: "MxAc" },
          { kind: "QFid" },
          {
            kind: "RqLs",
            version: 2,
            leaseKey: LEASE_KEY,
            leaseState: 7,
            leaseFlags: 4,
            leaseDuration: 0n,
            parentLeaseKey: PARENT_KEY,
            epoch: 1,
            reserved: 0,
          },
        ],
      },
    },
  },
  {
    name: "CREATE response with lease, durable handle and other contexts",
    source: "2.2.14, 2.2.14.2",
    hex: "fe534d4240000100000000000500010001000000000000000500000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "5900ff00020000000080350cd1dfd6010180350cd1dfd6010280350cd1dfd601" +
      "0380350cd1dfd6010010000000000000d2040000000000002000000000000000" +
      "2200000011000000440000003300000098000000c40000002000000010000400" +
      "0000180008000000444832510000000060ea0000000000002000000010000400" +
      "00001800080000004d7841630000000000000000ff011f003800000010000400" +
      "000018002000000051466964000000008877665544332211ccbbaa9900000000" +
      "0000000000000000000000000000000000000000100004000000180034000000" +
      "52714c7300000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0700000004000000" +
      "0000000000000000b0b1b2b3b4b5b6b7b8b9babbbcbdbebf02000000",
    value: {
      kind: "response",
      command: "CREATE",
      header: response(5, 5n),
      body: {
        oplockLevel: 0xff,
        flags: 0,
        createAction: 2,
        creationTime: TIME,
        lastAccessTime: TIME + 1n,
        lastWriteTime: TIME + 2n,
        changeTime: TIME + 3n,
        allocationSize: 4096n,
        endOfFile: 1234n,
        fileAttributes: 0x20,
        reserved: 0,
        fileId: FILE_ID,
        contexts: [
          { kind: "DH2Q", timeout: 60000, flags: 0 },
          { kind: "MxAc", queryStatus: 0, maximalAccess: 0x001f01ff },
          {
            kind: "QFid",
            diskFileId: 0x1122334455667788n,
            volumeId: 0x99aabbccn,
            reserved: new Uint8Array(16),
          },
          {
            kind: "RqLs",
            version: 2,
            leaseKey: LEASE_KEY,
            leaseState: 7,
            leaseFlags: 4,
            leaseDuration: 0n,
            parentLeaseKey: PARENT_KEY,
            epoch: 2,
            reserved: 0,
          },
        ],
      },
    },
  },
  {
    name: "CREATE request of the root with one context",
    source: "2.2.13",
    hex: "fe534d42400001000000000005001f0000000000000000000600000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3900000002000000000000000000000000000000000000008100100000000000" +
      "0700000001000000010000007800000080000000180000000000000000000000" +
      "000000001000040000000000000000004d78416300000000",
    value: {
      kind: "request",
      command: "CREATE",
      header: request(5, 6n),
      body: {
        securityFlags: 0,
        requestedOplockLevel: 0,
        impersonationLevel: 2,
        smbCreateFlags: 0n,
        reserved: 0n,
        desiredAccess: 0x00100081,
        fileAttributes: 0,
        shareAccess: 7,
        createDisposition: 1,
        createOptions: 1,
        name: "",
        contexts: [{ kind: "MxAc" }],
      },
    },
  },
  {
    name: "CREATE response without contexts",
    source: "2.2.14",
    hex: "fe534d4240000100000000000500010001000000000000000600000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "59000000010000000080350cd1dfd6010080350cd1dfd6010080350cd1dfd601" +
      "0080350cd1dfd601000000000000000000000000000000001000000000000000" +
      "220000001100000044000000330000000000000000000000",
    value: {
      kind: "response",
      command: "CREATE",
      header: response(5, 6n),
      body: {
        oplockLevel: 0,
        flags: 0,
        createAction: 1,
        creationTime: TIME,
        lastAccessTime: TIME,
        lastWriteTime: TIME,
        changeTime: TIME,
        allocationSize: 0n,
        endOfFile: 0n,
        fileAttributes: 0x10,
        reserved: 0,
        fileId: FILE_ID,
        contexts: [],
      },
    },
  },
  {
    name: "CREATE request of the root without contexts",
    source: "2.2.13",
    hex: "fe534d42400001000000000005001f0000000020000000000700000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3900000903000000000000000000000000000000000000000000000200000000" +
      "00000000010000000000000078000000000000000000000000",
    value: {
      kind: "request",
      command: "CREATE",
      header: request(5, 7n, { flags: 0x20000000 }),
      body: {
        securityFlags: 0,
        requestedOplockLevel: 9,
        impersonationLevel: 3,
        smbCreateFlags: 0n,
        reserved: 0n,
        desiredAccess: 0x02000000,
        fileAttributes: 0,
        shareAccess: 0,
        createDisposition: 1,
        createOptions: 0,
        name: "",
        contexts: [],
      },
    },
  },
  {
    name: "ERROR response without data",
    source: "2.2.2",
    hex: "fe534d4240000100340000c00500010001000000000000000700000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "090000000000000000",
    value: {
      kind: "error",
      command: "CREATE",
      header: response(5, 7n, { status: 0xc0000034 }),
      body: { reserved: 0, errorData: NONE, contextCount: 0 },
    },
  },
  {
    name: "CLOSE request that asks for attributes",
    source: "2.2.15",
    hex: "fe534d42400001000000000006001f0000000000000000000800000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "180001000000000022000000110000004400000033000000",
    value: {
      kind: "request",
      command: "CLOSE",
      header: request(6, 8n),
      body: { flags: 1, reserved: 0, fileId: FILE_ID },
    },
  },
  {
    name: "CLOSE response with attributes",
    source: "2.2.16",
    hex: "fe534d4240000100000000000600010001000000000000000800000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3c000100000000000080350cd1dfd6010180350cd1dfd6010280350cd1dfd601" +
      "0380350cd1dfd6010020000000000000881300000000000020000000",
    value: {
      kind: "response",
      command: "CLOSE",
      header: response(6, 8n),
      body: {
        flags: 1,
        reserved: 0,
        creationTime: TIME,
        lastAccessTime: TIME + 1n,
        lastWriteTime: TIME + 2n,
        changeTime: TIME + 3n,
        allocationSize: 8192n,
        endOfFile: 5000n,
        fileAttributes: 0x20,
      },
    },
  },
  {
    name: "FLUSH request",
    source: "2.2.17",
    hex: "fe534d42400001000000000007001f0000000000000000000900000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "180000000000000022000000110000004400000033000000",
    value: {
      kind: "request",
      command: "FLUSH",
      header: request(7, 9n),
      body: { reserved1: 0, reserved2: 0, fileId: FILE_ID },
    },
  },
  {
    name: "FLUSH response",
    source: "2.2.18",
    hex: "fe534d4240000100000000000700010001000000000000000900000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "response",
      command: "FLUSH",
      header: response(7, 9n),
      body: { reserved: 0 },
    },
  },
  {
    name: "READ request",
    source: "2.2.19",
    hex: "fe534d42400001000000000008001f0000000000000000000a00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3100500000000100006045230100000022000000110000004400000033000000" +
      "0100000000000000000000000000000000",
    value: {
      kind: "request",
      command: "READ",
      header: request(8, 10n),
      body: {
        padding: 0x50,
        flags: 0,
        length: 65536,
        offset: 0x0000000123456000n,
        fileId: FILE_ID,
        minimumCount: 1,
        channel: 0,
        remainingBytes: 0,
        channelInfo: NONE,
      },
    },
  },
  {
    name: "READ response",
    source: "2.2.20",
    hex: "fe534d4240000100000000000800010001000000000000000a00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "110050000c000000000000000000000048656c6c6f2c20776f726c64",
    value: {
      kind: "response",
      command: "READ",
      header: response(8, 10n),
      body: { data: bytes("48656c6c6f2c20776f726c64"), dataRemaining: 0, flags: 0 },
    },
  },
  {
    name: "READ request with channel information",
    source: "2.2.19, 2.2.3.1",
    hex: "fe534d42400001000000000008001f0000000000000000000b00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3100500000100000000000000000000022000000110000004400000033000000" +
      "0000000001000000000000007000100000000000000010000100000000100000",
    value: {
      kind: "request",
      command: "READ",
      header: request(8, 11n),
      body: {
        padding: 0x50,
        flags: 0,
        length: 4096,
        offset: 0n,
        fileId: FILE_ID,
        minimumCount: 0,
        channel: 1,
        remainingBytes: 0,
        channelInfo: bytes("00000000000010000100000000100000"),
      },
    },
  },
  {
    name: "ERROR response at the end of a file",
    source: "2.2.2",
    hex: "fe534d4240000100110000c00800010001000000000000000b00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "090000000000000000",
    value: {
      kind: "error",
      command: "READ",
      header: response(8, 11n, { status: 0xc0000011 }),
      body: { reserved: 0, errorData: NONE, contextCount: 0 },
    },
  },
  {
    name: "WRITE request",
    source: "2.2.21",
    hex: "fe534d42400001000000000009001f0000000000000000000c00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "310070000c000000001000000000000022000000110000004400000033000000" +
      "0000000000000000000000000100000000ff10ef20df30cf40bf50af",
    value: {
      kind: "request",
      command: "WRITE",
      header: request(9, 12n),
      body: {
        offset: 4096n,
        fileId: FILE_ID,
        channel: 0,
        remainingBytes: 0,
        channelInfo: NONE,
        flags: 1,
        data: bytes("00ff10ef20df30cf40bf50af"),
      },
    },
  },
  {
    name: "WRITE response",
    source: "2.2.22",
    hex: "fe534d4240000100000000000900010001000000000000000c00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "110000000c0000000000000000000000",
    value: {
      kind: "response",
      command: "WRITE",
      header: response(9, 12n),
      body: { reserved: 0, count: 12, remaining: 0, channelInfo: NONE },
    },
  },
  {
    name: "LOCK request of two ranges",
    source: "2.2.26, 2.2.26.1",
    hex: "fe534d4240000100000000000a001f0000000000000000000d00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3000020012000000220000001100000044000000330000000000000000000000" +
      "6400000000000000110000000000000000000000ffffffff0100000000000000" +
      "1200000000000000",
    value: {
      kind: "request",
      command: "LOCK",
      header: request(10, 13n),
      body: {
        lockSequence: 0x12,
        fileId: FILE_ID,
        locks: [
          { offset: 0n, length: 100n, flags: 0x11, reserved: 0 },
          { offset: 0xffffffff00000000n, length: 1n, flags: 0x12, reserved: 0 },
        ],
      },
    },
  },
  {
    name: "LOCK response",
    source: "2.2.27",
    hex: "fe534d4240000100000000000a00010001000000000000000d00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "response",
      command: "LOCK",
      header: response(10, 13n),
      body: { reserved: 0 },
    },
  },
  {
    name: "IOCTL request of FSCTL_SRV_REQUEST_RESUME_KEY without input",
    source: "2.2.31",
    hex: "fe534d4240000100000000000b001f0000000000000000000e00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3900000078001400220000001100000044000000330000000000000000000000" +
      "00000000000000000000000020000000010000000000000000",
    value: {
      kind: "request",
      command: "IOCTL",
      header: request(11, 14n),
      body: {
        reserved: 0,
        ctlCode: 0x00140078,
        fileId: FILE_ID,
        input: NONE,
        maxInputResponse: 0,
        output: NONE,
        maxOutputResponse: 32,
        flags: 1,
        reserved2: 0,
      },
    },
  },
  {
    name: "IOCTL response of FSCTL_SRV_REQUEST_RESUME_KEY",
    source: "2.2.32, 2.2.32.3",
    hex: "fe534d4240000100000000000b00010001000000000000000e00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "3100000078001400220000001100000044000000330000007000000000000000" +
      "70000000200000000000000000000000000102030405060708090a0b0c0d0e0f" +
      "10111213141516170000000000000000",
    value: {
      kind: "response",
      command: "IOCTL",
      header: response(11, 14n),
      body: {
        reserved: 0,
        ctlCode: 0x00140078,
        fileId: FILE_ID,
        input: NONE,
        output: bytes("000102030405060708090a0b0c0d0e0f10111213141516170000000000000000"),
        flags: 0,
        reserved2: 0,
      },
    },
  },
  {
    name: "IOCTL request of FSCTL_SRV_COPYCHUNK with input",
    source: "2.2.31, 2.2.31.1",
    hex: "fe534d4240000100000000000b001f0000000000000000000f00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "39000000f2401400220000001100000044000000330000007800000038000000" +
      "0000000000000000000000000c00000001000000000000000001020304050607" +
      "08090a0b0c0d0e0f101112131415161701000000000000000000000000000000" +
      "00100000000000000010000000000000",
    value: {
      kind: "request",
      command: "IOCTL",
      header: request(11, 15n),
      body: {
        reserved: 0,
        ctlCode: 0x001440f2,
        fileId: FILE_ID,
        input: bytes(
          "000102030405060708090a0b0c0d0e0f1011121314151617" + "0100000000000000" +
            "0000000000000000" + "0010000000000000" + "0010000000000000",
        ),
        maxInputResponse: 0,
        output: NONE,
        maxOutputResponse: 12,
        flags: 1,
        reserved2: 0,
      },
    },
  },
  {
    name: "IOCTL response that states the copychunk limits with INVALID_PARAMETER",
    source: "2.2.32.1, 3.3.4.4",
    hex: "fe534d42400001000d0000c00b00010001000000000000000f00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "31000000f2401400220000001100000044000000330000007000000000000000" +
      "700000000c0000000000000000000000000100000000100000000001",
    value: {
      kind: "response",
      command: "IOCTL",
      header: response(11, 15n, { status: 0xc000000d }),
      body: {
        reserved: 0,
        ctlCode: 0x001440f2,
        fileId: FILE_ID,
        input: NONE,
        output: bytes("000100000000100000000001"),
        flags: 0,
        reserved2: 0,
      },
    },
  },
  {
    name: "CANCEL request of an asynchronous request",
    source: "2.2.30, 2.2.1.1",
    hex: "fe534d4240000000000000000c00000002000000000000001200000000000000" +
      "4d00000000000000090000000004000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "request",
      command: "CANCEL",
      header: request(12, 18n, {
        flags: 0x00000002,
        asyncId: 77n,
        treeId: 0,
        creditCharge: 0,
        credits: 0,
      }),
      body: { reserved: 0 },
    },
  },
  {
    name: "ECHO request",
    source: "2.2.28",
    hex: "fe534d4240000100000000000d001f0000000000000000001000000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "request",
      command: "ECHO",
      header: request(13, 16n, { treeId: 0, sessionId: 0n }),
      body: { reserved: 0 },
    },
  },
  {
    name: "ECHO response",
    source: "2.2.29",
    hex: "fe534d4240000100000000000d00010001000000000000001000000000000000" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "response",
      command: "ECHO",
      header: response(13, 16n, { treeId: 0, sessionId: 0n }),
      body: { reserved: 0 },
    },
  },
  {
    name: "QUERY_DIRECTORY request",
    source: "2.2.33",
    hex: "fe534d4240000100000000000e001f0000000000000000001100000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "21000c01000000002200000011000000440000003300000060000a0000000100" +
      "2a002e00740078007400",
    value: {
      kind: "request",
      command: "QUERY_DIRECTORY",
      header: request(14, 17n),
      body: {
        fileInformationClass: 12,
        flags: 1,
        fileIndex: 0,
        fileId: FILE_ID,
        outputBufferLength: 65536,
        pattern: "*.txt",
      },
    },
  },
  {
    name: "QUERY_DIRECTORY response of one name",
    source: "2.2.34; MS-FSCC 2.4.33",
    hex: "fe534d4240000100000000000e00010001000000000000001100000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "090048001600000000000000000000000a00000061002e00740078007400",
    value: {
      kind: "response",
      command: "QUERY_DIRECTORY",
      header: response(14, 17n),
      body: {
        output: Uint8Array.from([...bytes("00000000" + "00000000" + "0a000000"), ...text("a.txt")]),
      },
    },
  },
  {
    name: "CHANGE_NOTIFY request of a tree",
    source: "2.2.35",
    hex: "fe534d4240000100000000000f001f0000000000000000001200000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "2000010000100000220000001100000044000000330000001700000000000000",
    value: {
      kind: "request",
      command: "CHANGE_NOTIFY",
      header: request(15, 18n),
      body: {
        flags: 1,
        outputBufferLength: 4096,
        fileId: FILE_ID,
        completionFilter: 0x17,
        reserved: 0,
      },
    },
  },
  {
    name: "interim response",
    source: "2.2.1.1, 2.2.2, 3.3.4.2",
    hex: "fe534d4240000100030100000f00010003000000000000001200000000000000" +
      "4d00000000000000090000000004000000000000000000000000000000000000" +
      "090000000000000000",
    value: {
      kind: "error",
      command: "CHANGE_NOTIFY",
      header: response(15, 18n, {
        status: 0x00000103,
        flags: 0x00000003,
        asyncId: 77n,
        treeId: 0,
      }),
      body: { reserved: 0, errorData: NONE, contextCount: 0 },
    },
  },
  {
    name: "CHANGE_NOTIFY response of one change",
    source: "2.2.36; MS-FSCC 2.7.1",
    hex: "fe534d4240000100000000000f00000003000000000000001200000000000000" +
      "4d00000000000000090000000004000000000000000000000000000000000000" +
      "090048001600000000000000010000000a00000061002e00740078007400",
    value: {
      kind: "response",
      command: "CHANGE_NOTIFY",
      header: response(15, 18n, { flags: 0x00000003, asyncId: 77n, treeId: 0, credits: 0 }),
      body: {
        output: Uint8Array.from([...bytes("00000000" + "01000000" + "0a000000"), ...text("a.txt")]),
      },
    },
  },
  {
    name: "CHANGE_NOTIFY response of more changes than fit",
    source: "2.2.36, 3.3.4.4",
    hex: "fe534d42400001000c0100000f00000003000000000000001300000000000000" +
      "4e00000000000000090000000004000000000000000000000000000000000000" +
      "0900480000000000",
    value: {
      kind: "response",
      command: "CHANGE_NOTIFY",
      header: response(15, 19n, {
        status: 0x0000010c,
        flags: 0x00000003,
        asyncId: 78n,
        treeId: 0,
        credits: 0,
      }),
      body: { output: NONE },
    },
  },
  {
    name: "QUERY_INFO request of FileStandardInformation",
    source: "2.2.37",
    hex: "fe534d42400001000000000010001f0000000000000000001400000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "2900010518000000000000000000000000000000000000002200000011000000" +
      "440000003300000000",
    value: {
      kind: "request",
      command: "QUERY_INFO",
      header: request(16, 20n),
      body: {
        infoType: 1,
        fileInfoClass: 5,
        outputBufferLength: 24,
        reserved: 0,
        additionalInformation: 0,
        flags: 0,
        fileId: FILE_ID,
        input: NONE,
      },
    },
  },
  {
    name: "QUERY_INFO response of FileStandardInformation",
    source: "2.2.38; MS-FSCC 2.4.44",
    hex: "fe534d4240000100000000001000010001000000000000001400000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "0900480018000000001000000000000004000000000000000100000000000000",
    value: {
      kind: "response",
      command: "QUERY_INFO",
      header: response(16, 20n),
      body: { output: bytes("00100000000000000400000000000000" + "01000000" + "00000000") },
    },
  },
  {
    name: "QUERY_INFO request with input",
    source: "2.2.37, 3.3.5.20.1",
    hex: "fe534d42400001000000000010001f0000000000000000001500000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "2900010f00040000680000000900000000000000020000002200000011000000" +
      "44000000330000000000000003666f6f00",
    value: {
      kind: "request",
      command: "QUERY_INFO",
      header: request(16, 21n),
      body: {
        infoType: 1,
        fileInfoClass: 15,
        outputBufferLength: 1024,
        reserved: 0,
        additionalInformation: 0,
        flags: 2,
        fileId: FILE_ID,
        input: bytes("00000000" + "03" + "666f6f00"),
      },
    },
  },
  {
    name: "ERROR response with the length that is needed",
    source: "2.2.2.2",
    hex: "fe534d4240000100230000c01000010001000000000000001500000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "090000000400000000020000",
    value: {
      kind: "error",
      command: "QUERY_INFO",
      header: response(16, 21n, { status: 0xc0000023 }),
      body: { reserved: 0, errorData: bytes("00020000"), contextCount: 0 },
    },
  },
  {
    name: "QUERY_INFO response that is cut",
    source: "2.2.38, 3.3.4.4",
    hex: "fe534d4240000100050000801000010001000000000000001600000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "0900480018000000001000000000000004000000000000000100000000000000",
    value: {
      kind: "response",
      command: "QUERY_INFO",
      header: response(16, 22n, { status: 0x80000005 }),
      body: { output: bytes("00100000000000000400000000000000" + "01000000" + "00000000") },
    },
  },
  {
    name: "SET_INFO request of FileEndOfFileInformation",
    source: "2.2.39; MS-FSCC 2.4.14",
    hex: "fe534d42400001000000000011001f0000000000000000001700000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "2100011408000000600000000000000022000000110000004400000033000000" +
      "0010000000000000",
    value: {
      kind: "request",
      command: "SET_INFO",
      header: request(17, 23n),
      body: {
        infoType: 1,
        fileInfoClass: 20,
        reserved: 0,
        additionalInformation: 0,
        fileId: FILE_ID,
        input: bytes("0010000000000000"),
      },
    },
  },
  {
    name: "SET_INFO response",
    source: "2.2.40",
    hex: "fe534d4240000100000000001100010001000000000000001700000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "0200",
    value: {
      kind: "response",
      command: "SET_INFO",
      header: response(17, 23n),
      body: {},
    },
  },
  {
    name: "oplock break notification",
    source: "2.2.23.1",
    hex: "fe534d424000000000000000120000000100000000000000ffffffffffffffff" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "180001000000000022000000110000004400000033000000",
    value: {
      kind: "response",
      command: "OPLOCK_BREAK",
      header: makeHeader({ command: 18, flags: RESPONSE, messageId: 0xffffffffffffffffn }),
      body: { kind: "oplock", oplockLevel: 1, reserved: 0, reserved2: 0, fileId: FILE_ID },
    },
  },
  {
    name: "oplock break acknowledgement",
    source: "2.2.24.1",
    hex: "fe534d42400001000000000012001f0000000000000000001800000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "180001000000000022000000110000004400000033000000",
    value: {
      kind: "request",
      command: "OPLOCK_BREAK",
      header: request(18, 24n),
      body: { kind: "oplock", oplockLevel: 1, reserved: 0, reserved2: 0, fileId: FILE_ID },
    },
  },
  {
    name: "oplock break response",
    source: "2.2.25.1",
    hex: "fe534d4240000100000000001200010001000000000000001800000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "180001000000000022000000110000004400000033000000",
    value: {
      kind: "response",
      command: "OPLOCK_BREAK",
      header: response(18, 24n),
      body: { kind: "oplock", oplockLevel: 1, reserved: 0, reserved2: 0, fileId: FILE_ID },
    },
  },
  {
    name: "lease break notification that wants an acknowledgement",
    source: "2.2.23.2",
    hex: "fe534d424000000000000000120000000100000000000000ffffffffffffffff" +
      "0000000000000000000000000000000000000000000000000000000000000000" +
      "2c00020001000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0700000003000000" +
      "000000000000000000000000",
    value: {
      kind: "response",
      command: "OPLOCK_BREAK",
      header: makeHeader({ command: 18, flags: RESPONSE, messageId: 0xffffffffffffffffn }),
      body: {
        kind: "leaseNotification",
        newEpoch: 2,
        flags: 1,
        leaseKey: LEASE_KEY,
        currentLeaseState: 7,
        newLeaseState: 3,
        breakReason: 0,
        accessMaskHint: 0,
        shareMaskHint: 0,
      },
    },
  },
  {
    name: "lease break acknowledgement",
    source: "2.2.24.2",
    hex: "fe534d42400001000000000012001f0000000000000000001900000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "2400000000000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0300000000000000" +
      "00000000",
    value: {
      kind: "request",
      command: "OPLOCK_BREAK",
      header: request(18, 25n),
      body: {
        kind: "lease",
        reserved: 0,
        flags: 0,
        leaseKey: LEASE_KEY,
        leaseState: 3,
        leaseDuration: 0n,
      },
    },
  },
  {
    name: "lease break response",
    source: "2.2.25.2",
    hex: "fe534d4240000100000000001200010001000000000000001900000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "2400000000000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0300000000000000" +
      "00000000",
    value: {
      kind: "response",
      command: "OPLOCK_BREAK",
      header: response(18, 25n),
      body: {
        kind: "lease",
        reserved: 0,
        flags: 0,
        leaseKey: LEASE_KEY,
        leaseState: 3,
        leaseDuration: 0n,
      },
    },
  },
  {
    name: "TREE_DISCONNECT request",
    source: "2.2.11",
    hex: "fe534d42400001000000000004001f0000000000000000001a00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "request",
      command: "TREE_DISCONNECT",
      header: request(4, 26n),
      body: { reserved: 0 },
    },
  },
  {
    name: "TREE_DISCONNECT response",
    source: "2.2.12",
    hex: "fe534d4240000100000000000400010001000000000000001a00000000000000" +
      "0000000005000000090000000004000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "response",
      command: "TREE_DISCONNECT",
      header: response(4, 26n),
      body: { reserved: 0 },
    },
  },
  {
    name: "LOGOFF request",
    source: "2.2.7",
    hex: "fe534d42400001000000000002001f0008000000000000001b00000000000000" +
      "000000000000000009000000000400000f0e0d0c0b0a09080706050403020100" +
      "04000000",
    value: {
      kind: "request",
      command: "LOGOFF",
      header: request(2, 27n, {
        treeId: 0,
        flags: 0x8,
        signature: bytes("0f0e0d0c0b0a09080706050403020100"),
      }),
      body: { reserved: 0 },
    },
  },
  {
    name: "LOGOFF response",
    source: "2.2.8",
    hex: "fe534d4240000100000000000200010001000000000000001b00000000000000" +
      "0000000000000000090000000004000000000000000000000000000000000000" +
      "04000000",
    value: {
      kind: "response",
      command: "LOGOFF",
      header: response(2, 27n, { treeId: 0 }),
      body: { reserved: 0 },
    },
  },
];
