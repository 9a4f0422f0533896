/** The golden messages as tshark reads them: nothing malformed, no remark, and the fields that we meant. */
import { assertEquals } from "@std/assert";
import {
  chainBytes,
  encodeChain,
  encodeCompression,
  encodeMessage,
  encodeSmb1Negotiate,
  encodeTransformHeader,
  isResponse,
  type Message,
  Writer,
} from "../../runtime/wire/mod.ts";
import { GOLDEN_MESSAGES } from "../golden/wire_messages.ts";
import { interopTest } from "../harness/interop.ts";
import { type PcapMessage, writePcap } from "../harness/pcap.ts";
import { dissect, expertInfo, malformedFrames } from "../harness/tshark.ts";

/** Per golden message, what tshark must read beyond the header: values in the order of the message. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "NEGOTIATE request of dialects 2.0.2 and 2.1": {
    "smb2.dialect": ["0x0202", "0x0210"],
    "smb2.client_guid": ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
    "smb2.sec_mode": ["0x01"],
  },
  "NEGOTIATE response of dialect 2.1": {
    "smb2.dialect": ["0x0210"],
    "smb2.server_guid": ["6ba7b811-9dad-11d1-80b4-00c04fd430c8"],
    "smb2.capabilities": ["0x00000007"],
    "smb2.max_trans_size": ["1048576"],
    "smb2.max_read_size": ["2097152"],
    "smb2.max_write_size": ["3145728"],
  },
  "NEGOTIATE request of all dialects with contexts": {
    "smb2.dialect": ["0x0202", "0x0210", "0x0300", "0x0302", "0x0311"],
    "smb2.negotiate_context.type": ["0x0001", "0x0002", "0x0003", "0x0008", "0x0005"],
    "smb2.negotiate_context.hash_algorithm": ["0x0001"],
    "smb2.negotiate_context.cipher_id": ["0x0002", "0x0001", "0x0004", "0x0003"],
    "smb2.negotiate_context.comp_alg_id": ["0x0004", "0x0002", "0x0003", "0x0001"],
    "smb2.negotiate_context.signing_id": ["0x0002", "0x0001", "0x0000"],
    "smb2.negotiate_context.netname": ["filer.example"],
  },
  "NEGOTIATE response of dialect 3.1.1 with contexts": {
    "smb2.dialect": ["0x0311"],
    "smb2.negotiate_context.type": ["0x0001", "0x0002", "0x0008"],
    "smb2.negotiate_context.cipher_id": ["0x0002"],
    "smb2.negotiate_context.signing_id": ["0x0001"],
    "ntlmssp.messagetype": ["0x00000001"],
  },
  "SESSION_SETUP request with an NTLM token": {
    "smb2.previous_sesid": ["0x0000040000000001"],
    "smb2.sec_mode": ["0x01"],
    "ntlmssp.messagetype": ["0x00000001"],
  },
  "SESSION_SETUP response that asks for more": {
    "smb2.session_flags": ["0x0000"],
    "ntlmssp.messagetype": ["0x00000001"],
  },
  "SESSION_SETUP response of a guest without a token": { "smb2.session_flags": ["0x0001"] },
  "TREE_CONNECT request": { "smb2.tree": ["\\\\filer\\share"] },
  "TREE_CONNECT response": {
    "smb2.share_type": ["0x01"],
    "smb2.share_flags": ["0x00000800"],
    "smb2.share_caps": ["0x00000018"],
    "smb.access_mask": ["0x001f01ff"],
  },
  "CREATE request of a file with lease, durable handle and other contexts": {
    "smb2.create.oplock": ["0xff"],
    "smb.access_mask": ["0x0012019f"],
    "smb2.create.disposition": ["3"],
    "smb.create_options": ["0x00000044"],
    "smb2.filename": ["dir\\Bericht \u00fc\u4e2d.txt"],
    "smb2.tag": ["DH2Q", "AlSi", "MxAc", "QFid", "RqLs"],
    "smb2.dh2x.create_guid": ["11223344-5566-7788-99aa-bbccddeeff00"],
    "smb2.lease.lease_key": ["a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf"],
    "smb2.lease.lease_state": ["0x00000007"],
    "smb2.lease.parent_lease_key": ["b3b2b1b0-b5b4-b7b6-b8b9-babbbcbdbebf"],
  },
  "CREATE response with lease, durable handle and other contexts": {
    "smb2.create.action": ["2"],
    "smb2.eof": ["1234"],
    "smb2.allocation_size": ["4096"],
    "smb2.tag": ["DH2Q", "MxAc", "QFid", "RqLs"],
    "smb2.dh2x.timeout": ["60000"],
    "smb.access_mask": ["0x001f01ff"],
    "smb2.lease.lease_state": ["0x00000007"],
  },
  "CREATE request of the root with one context": { "smb2.filename": [""], "smb2.tag": ["MxAc"] },
  "CREATE response without contexts": {
    "smb2.create.action": ["1"],
    "smb2.file_attribute": ["0x00000010"],
  },
  "CREATE request of the root without contexts": {
    "smb2.filename": [""],
    "smb2.impersonation.level": ["3"],
    "smb2.create.oplock": ["0x09"],
  },
  "ERROR response without data": { "smb2.error.byte_count": ["0"] },
  "CLOSE request that asks for attributes": { "smb2.close.flags": ["0x0001"] },
  "CLOSE response with attributes": { "smb2.eof": ["5000"], "smb2.allocation_size": ["8192"] },
  "FLUSH request": { "smb2.buffer_code": ["0x0018"] },
  "FLUSH response": { "smb2.buffer_code": ["0x0004"] },
  "READ request": {
    "smb2.read_length": ["65536"],
    "smb2.file_offset": ["4886716416"],
    "smb2.min_count": ["1"],
  },
  "READ response": {
    "smb2.read_remaining": ["0"],
    "smb2.olb.length": ["12"],
    "data.data": ["48656c6c6f2c20776f726c64"],
  },
  "READ request with channel information": {
    "smb2.channel": ["0x00000001"],
    "smb2.olb.length": ["16"],
  },
  "ERROR response at the end of a file": { "smb2.error.byte_count": ["0"] },
  "WRITE request": {
    "smb2.write_length": ["12"],
    "smb2.file_offset": ["4096"],
    "smb2.write.flags": ["0x00000001"],
    "data.data": ["00ff10ef20df30cf40bf50af"],
  },
  "WRITE response": { "smb2.write.count": ["12"] },
  "LOCK request of two ranges": {
    "smb2.lock_count": ["2"],
    "smb2.file_offset": ["0", "18446744069414584320"],
    "smb2.lock_length": ["100", "1"],
    "smb2.lock_flags": ["0x00000011", "0x00000012"],
  },
  "LOCK response": { "smb2.buffer_code": ["0x0004"] },
  "IOCTL request of FSCTL_SRV_REQUEST_RESUME_KEY without input": {
    "smb2.ioctl.function": ["0x00140078"],
    "smb2.max_ioctl_out_size": ["32"],
    "smb2.ioctl.is_fsctl": ["1"],
  },
  "IOCTL response of FSCTL_SRV_REQUEST_RESUME_KEY": {
    "smb2.ioctl.function": ["0x00140078"],
    "smb2.fsctl.cchunk.resume_key": [
      "000102030405060708090a0b0c0d0e0f1011121314151617",
    ],
  },
  "IOCTL request of FSCTL_SRV_COPYCHUNK with input": {
    "smb2.fsctl.cchunk.count": ["1"],
    "smb2.fsctl.cchunk.xfer_len": ["4096"],
    "smb2.fsctl.cchunk.dst_offset": ["4096"],
  },
  "IOCTL response that states the copychunk limits with INVALID_PARAMETER": {
    "smb2.fsctl.cchunk.chunks_written": ["256"],
    "smb2.fsctl.cchunk.bytes_written": ["1048576"],
    "smb2.fsctl.cchunk.total_written": ["16777216"],
  },
  "CANCEL request of an asynchronous request": { "smb2.aid": ["0x000000000000004d"] },
  "ECHO request": { "smb2.buffer_code": ["0x0004"] },
  "ECHO response": { "smb2.buffer_code": ["0x0004"] },
  "QUERY_DIRECTORY request": {
    "smb2.find.infolevel": ["12"],
    "smb2.find.flags": ["0x01"],
    "smb2.find.pattern": ["*.txt"],
    "smb2.output_buffer_len": ["65536"],
  },
  "QUERY_DIRECTORY response of one name": { "smb2.filename": ["a.txt"] },
  "CHANGE_NOTIFY request of a tree": {
    "smb2.notify.flags": ["0x0001"],
    "smb.nt.notify.completion_filter": ["0x00000017"],
    "smb2.output_buffer_len": ["4096"],
  },
  "interim response": { "smb2.aid": ["0x000000000000004d"], "smb2.error.byte_count": ["0"] },
  "CHANGE_NOTIFY response of one change": {
    "smb2.notify.action": ["0x00000001"],
    "smb2.filename": ["a.txt"],
  },
  "CHANGE_NOTIFY response of more changes than fit": { "smb2.aid": ["0x000000000000004e"] },
  "QUERY_INFO request of FileStandardInformation": {
    "smb2.class": ["0x01"],
    "smb2.file_info.infolevel": ["0x05"],
    "smb2.max_response_size": ["24"],
  },
  "QUERY_INFO response of FileStandardInformation": {
    "smb.end_of_file": ["4"],
    "smb.link_count": ["1"],
  },
  "QUERY_INFO request with input": {
    "smb2.file_info.infolevel": ["0x0f"],
    "smb2.getinfo_input_size": ["9"],
    "smb2.getinfo_flags": ["0x00000002"],
  },
  "ERROR response with the length that is needed": { "smb2.required_size": ["512"] },
  "QUERY_INFO response that is cut": { "smb2.olb.length": ["24"] },
  "SET_INFO request of FileEndOfFileInformation": {
    "smb2.class": ["0x01"],
    "smb2.file_info.infolevel": ["0x14"],
    "smb2.setinfo_size": ["8"],
    "smb.end_of_file": ["4096"],
  },
  "SET_INFO response": { "smb2.buffer_code": ["0x0002"] },
  "oplock break notification": { "smb2.create.oplock": ["0x01"] },
  "oplock break acknowledgement": { "smb2.create.oplock": ["0x01"] },
  "oplock break response": { "smb2.create.oplock": ["0x01"] },
  "lease break notification that wants an acknowledgement": {
    "smb2.lease.lease_key": ["a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf"],
    "smb2.lease.lease_flags": ["0x00000001"],
    "smb2.lease.lease_state": ["0x00000007", "0x00000003"],
  },
  "lease break acknowledgement": { "smb2.lease.lease_state": ["0x00000003"] },
  "lease break response": { "smb2.lease.lease_state": ["0x00000003"] },
  "TREE_DISCONNECT request": { "smb2.buffer_code": ["0x0004"] },
  "TREE_DISCONNECT response": { "smb2.buffer_code": ["0x0004"] },
  "LOGOFF request": { "smb2.signature": ["0f0e0d0c0b0a09080706050403020100"] },
  "LOGOFF response": { "smb2.buffer_code": ["0x0004"] },
};

const BODY_FIELDS = [...new Set(Object.values(EXPECTED).flatMap((fields) => Object.keys(fields)))];

/** Fields of the header that every message is held to. */
const HEADER_FIELDS = ["smb2.cmd", "smb2.msg_id", "smb2.flags", "smb2.sesid", "smb2.nt_status"];

interopTest(
  "tshark reads every golden message without a remark, and every field as it was meant",
  { needs: ["tshark"] },
  async () => {
    const pcap = writePcap(GOLDEN_MESSAGES.map(({ value }, index) => sent(value, index)));
    assertEquals(await malformedFrames(pcap), []);
    assertEquals(await expertInfo(pcap), []);
    const fields = [...HEADER_FIELDS, ...BODY_FIELDS.filter((it) => !HEADER_FIELDS.includes(it))];
    const frames = await dissect(pcap, { filter: "smb2", fields });
    assertEquals(frames.length, GOLDEN_MESSAGES.length);
    assertEquals(Object.keys(EXPECTED), GOLDEN_MESSAGES.map(({ name }) => name));
    for (const [index, { name, value: { header } }] of GOLDEN_MESSAGES.entries()) {
      const frame = frames[index];
      assertEquals({
        command: frame?.values("smb2.cmd"),
        messageId: frame?.values("smb2.msg_id"),
        // IOCTL has another field of this name in its body.
        flags: frame?.values("smb2.flags").slice(0, 1),
        sessionId: frame?.values("smb2.sesid"),
        status: frame?.values("smb2.nt_status"),
      }, {
        command: [String(header.command)],
        messageId: [String(header.messageId)],
        flags: [hex(header.flags, 8)],
        sessionId: [hex(header.sessionId, 16)],
        status: isResponse(header) ? [hex(header.status, 8)] : [],
      }, name);
      for (const [field, values] of Object.entries(EXPECTED[name] ?? {})) {
        assertEquals(frame?.values(field), values, `${name}: ${field}`);
      }
    }
  },
);

interopTest(
  "tshark finds every message of a compounded chain at its place",
  { needs: ["tshark"] },
  async () => {
    const requests = GOLDEN_MESSAGES.map(({ value }) => value)
      .filter((value) => value.kind === "request" && value.header.command > 4);
    const pcap = writePcap([
      { time: 0, from: "client", bytes: chainBytes(encodeChain(requests)) },
    ]);
    assertEquals(await malformedFrames(pcap), []);
    assertEquals(await expertInfo(pcap), []);
    const [frame] = await dissect(pcap, { filter: "smb2", fields: ["smb2.cmd", "smb2.msg_id"] });
    assertEquals(frame?.values("smb2.cmd"), requests.map(({ header }) => String(header.command)));
    assertEquals(
      frame?.values("smb2.msg_id"),
      requests.map(({ header }) => String(header.messageId)),
    );
  },
);

interopTest(
  "tshark reads SMB1 negotiation, encrypted and compressed frames as such",
  { needs: ["tshark"] },
  async () => {
    const pcap = writePcap([
      {
        time: 0,
        from: "client",
        bytes: encodeSmb1Negotiate({ dialects: ["NT LM 0.12", "SMB 2.002", "SMB 2.???"] }),
      },
      { time: 1, from: "client", connection: 1, bytes: encryptedFrame() },
      { time: 2, from: "client", connection: 2, bytes: compressedFrame() },
    ]);
    assertEquals(await malformedFrames(pcap), []);
    const fields = [
      "smb.dialect.name",
      "smb2.header.transform.nonce",
      "smb2.header.transform.msg_size",
      "smb2.header.comp_transform.original_size",
      "smb2.pattern_v1.repetitions",
    ];
    const frames = await dissect(pcap, { filter: "smb or smb2", fields });
    assertEquals(
      fields.map((field) => frames.map((frame) => frame.values(field).join("|"))),
      [
        ["NT LM 0.12|SMB 2.002|SMB 2.???", "", ""],
        ["", "101112131415161718191a1b1c1d1e1f", ""],
        ["", "68", ""],
        ["", "", "68"],
        ["", "", "4"],
      ],
    );
  },
);

function sent(message: Message, index: number): PcapMessage {
  const writer = new Writer();
  encodeMessage(writer, message);
  return {
    time: index / 100,
    from: isResponse(message.header) ? "server" : "client",
    bytes: writer.bytes(),
  };
}

function encryptedFrame(): Uint8Array {
  const writer = new Writer();
  encodeTransformHeader(writer, {
    signature: new Uint8Array(16).fill(0xaa),
    nonce: Uint8Array.from({ length: 16 }, (_, i) => 0x10 + i),
    originalMessageSize: 68,
    reserved: 0,
    flags: 1,
    sessionId: 9n,
  });
  writer.raw(new Uint8Array(68).fill(0x5a));
  return writer.bytes();
}

/** The header of an ECHO request as it is, then one byte repeated four times: plain bytes and a pattern in one chain. */
function compressedFrame(): Uint8Array {
  const echo = new Writer();
  const golden = GOLDEN_MESSAGES.find(({ name }) => name === "ECHO request");
  if (golden === undefined) throw new Error("Cannot find the ECHO request: it is not in the list");
  encodeMessage(echo, golden.value);
  const writer = new Writer();
  encodeCompression(writer, {
    kind: "chained",
    originalCompressedSegmentSize: 68,
    payloads: [
      { algorithm: 0, flags: 1, data: echo.bytes().subarray(0, 64) },
      { algorithm: 4, flags: 0, data: new Uint8Array([4, 0, 0, 0, 4, 0, 0, 0]) },
    ],
  });
  return writer.bytes();
}

function hex(value: number | bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
