/**
 * Where the lines of `inspect --operations` differ from the oracles, and why that is right. Exact: a difference more or
 * less, or one that its reason does not cover, fails.
 */
import { statusCode } from "../../runtime/wire/mod.ts";
import type { Difference } from "./oracle.ts";

/** Why values differ. */
export interface Reason {
  readonly text: string;
  /** Whether it covers the difference. */
  readonly covers: (difference: Difference) => boolean;
}

/** Differences of one field of one capture. */
export interface Explained {
  readonly capture: string;
  readonly field: string;
  readonly count: number;
  readonly reason: Reason;
}

const UNKNOWN_STATUS: Reason = {
  text: "tshark 4.0 has no name for the status and prints the number",
  covers: ({ ours, oracle }) => statusCode(String(ours).slice("STATUS_".length)) === Number(oracle),
};
const NO_FLAGS: Reason = {
  text: "an ERROR response has no SessionFlags (MS-SMB2 2.2.2); the oracle shows the field as 0",
  covers: ({ ours, oracle }) => ours === undefined && oracle === "0x0000",
};
const REALM: Reason = {
  text: "the Kerberos realm in the token is the domain; tshark shows none",
  covers: ({ ours, oracle }) => typeof ours === "string" && oracle === null,
};
const SWAPPED_BLOBS: Reason = {
  text: "tshark prints the blob with the lower offset first, the oracle takes the first as input",
  covers: ({ field, ours, oracle }) => (field === "req.in_len" ? oracle : ours) === 0,
};
const IAKERB: Reason = {
  text: "IAKERB (1.3.6.1.5.2.5), which tshark dissects as Kerberos",
  covers: ({ ours, oracle, frame }) => ours === null && oracle === true && frame === 18,
};
const LOST_DIRECTION: Reason = {
  text:
    "tshark gives a direction up behind the packet that the snap length cut; the pairs are right",
  covers: ({ ours, oracle }) => typeof ours === "number" && oracle === null,
};
const CUT_COMPOUND: Reason = {
  text: "a response that is cut inside its data keeps no level",
  covers: ({ ours, oracle }) => ours === undefined && oracle === 37,
};
const CUT_NAME: Reason = {
  text: "the name is beyond the snap length: unknown, where tshark shows an empty one",
  covers: ({ ours, oracle, command }) =>
    (ours ?? null) === null && oracle === "" && command === "CREATE",
};
const REQUEST_OVER_SEGMENTS: Reason = {
  text: "the snap length keeps tshark from joining segments: it names the first, ours the last",
  covers: ({ command }) => command === "WRITE" || command === "READ",
};
const CUT_REQUEST_KNOWN: Reason = {
  text: "a WRITE with a lost segment is told in part; tshark has an orphan response",
  covers: ({ command }) => command === "WRITE",
};
const CUT_BY_END: Reason = {
  text: "the end of the file cuts a message, whose header tells what it is; tshark drops it",
  covers: ({ oracle }) => oracle === undefined || oracle === null,
};
const REUSED_ENDPOINTS: Reason = {
  text:
    "two connections with the same ports and initial sequence numbers: the second one's bytes come after the end" +
    " of the first, and are noted",
  covers: ({ command }) => command === "SMB1_NEGOTIATE",
};
const MALFORMED_HEADER: Reason = {
  text: "the header says StructureSize 319: no SMB2 message, and noted",
  covers: ({ ours, command }) => ours === undefined && command === "SET_INFO",
};

const OISF = "public/OISF+suricata-verify";
const MALCOLM = "public/idaholab+Malcolm-Test-Artifacts";
const BRUTESHARK = "public/odedshimon+BruteShark";
const ZEEK = "public/zeek+zeek";

type Row = readonly [capture: string, field: string, count: number, reason: Reason];

const ROWS: readonly Row[] = [
  ["own/der-dropped.pcap", "line", 2, CUT_REQUEST_KNOWN],
  ["own/failures.pcap", "resp.session_flags", 2, NO_FLAGS],
  ["own/live-snap96.pcap", "path", 10, CUT_NAME],
  ["own/live-snap96.pcap", "req.name", 10, CUT_NAME],
  ["own/live-snap96.pcap", "line", 2, REQUEST_OVER_SEGMENTS],
  ["own/live-snap96.pcap", "response", 1, REQUEST_OVER_SEGMENTS],
  ["own/rotated/ring_00000_20261120105055.pcap", "line", 1, CUT_BY_END],
  ["own/rotated/ring_00001_20261120105055.pcap", "response", 1, CUT_BY_END],
  ["own/torture-ioctl-small.pcap", "req.in_len", 54, SWAPPED_BLOBS],
  ["own/torture-ioctl-small.pcap", "req.out_len", 54, SWAPPED_BLOBS],
  ["own/torture-lock.pcap", "status", 3, UNKNOWN_STATUS],
  ["own/torture-replay-small.pcap", "status", 57, UNKNOWN_STATUS],
  [`${OISF}/dcerpc__dcerpc-bind-no-frag-flag.pcap`, "resp.session_flags", 2, NO_FLAGS],
  [`${OISF}/dcerpc__dcerpc-ctxids.pcap`, "req.domain", 1, REALM],
  [`${OISF}/smb-length-5786.pcap`, "req.kerberos", 1, IAKERB],
  [`${OISF}/smb-length-5786.pcap`, "req.in_len", 67, SWAPPED_BLOBS],
  [`${OISF}/smb-length-5786.pcap`, "req.out_len", 67, SWAPPED_BLOBS],
  [`${OISF}/smb2-ntlmssp-negotiateflags.pcap`, "resp.session_flags", 5, NO_FLAGS],
  ["public/arkime+arkime/arkime_synthetic.pcap", "line", 1, CUT_BY_END],
  ["public/arkime+arkime/wireshark-smb-on-windows10.pcap", "resp.session_flags", 5, NO_FLAGS],
  [`${MALCOLM}/plugins__CVE-2021-1675__PrintNightmare.pcap`, "req.domain", 1, REALM],
  [
    `${MALCOLM}/plugins__zeek-EternalSafety__doublepulsar-backdoor-connect-win7.pcap`,
    "resp.session_flags",
    2,
    NO_FLAGS,
  ],
  [`${MALCOLM}/protocols__KRB5.pcap`, "req.domain", 1, REALM],
  [`${MALCOLM}/protocols__KRB5.pcap`, "resp.level", 1, CUT_COMPOUND],
  [`${MALCOLM}/protocols__KRB5.pcap`, "response", 33, LOST_DIRECTION],
  [`${BRUTESHARK}/Kerberos-v5_UDP.pcap`, "req.domain", 1, REALM],
  [`${BRUTESHARK}/Kerberos-v5_UDP.pcap`, "line", 1, REUSED_ENDPOINTS],
  [`${BRUTESHARK}/Kerberos-v5_UDP.pcap`, "response", 1, REUSED_ENDPOINTS],
  [`${BRUTESHARK}/PCAPNG_Examples__Kerberos-v5_UDP.pcapng`, "req.domain", 1, REALM],
  [`${BRUTESHARK}/PCAPNG_Examples__Kerberos-v5_UDP.pcapng`, "line", 1, REUSED_ENDPOINTS],
  [`${BRUTESHARK}/PCAPNG_Examples__Kerberos-v5_UDP.pcapng`, "response", 1, REUSED_ENDPOINTS],
  [
    `${BRUTESHARK}/PCAPNG_Examples__SMB-NTLMSSP_Single_Session_Windows_10.pcapng`,
    "resp.session_flags",
    1,
    NO_FLAGS,
  ],
  [
    `${BRUTESHARK}/PCAPNG_Examples__SMB-NTLMSSP_Windows_10.pcapng`,
    "resp.session_flags",
    5,
    NO_FLAGS,
  ],
  [`${BRUTESHARK}/SMB-NTLMSSP_Single_Session_Windows_10.pcap`, "resp.session_flags", 1, NO_FLAGS],
  [`${ZEEK}/dce-rpc__kerberos445_auth.pcapng`, "req.domain", 1, REALM],
  [`${ZEEK}/krb__smb2_krb.pcap`, "req.domain", 1, REALM],
  [`${ZEEK}/krb__smb2_krb.pcap`, "resp.level", 1, CUT_COMPOUND],
  [`${ZEEK}/krb__smb2_krb.pcap`, "response", 33, LOST_DIRECTION],
  [`${ZEEK}/smb__smb2_100_small_files.pcap`, "req.in_len", 1, SWAPPED_BLOBS],
  [`${ZEEK}/smb__smb2_100_small_files.pcap`, "req.out_len", 1, SWAPPED_BLOBS],
  [`${ZEEK}/smb__smb2_fscontrol.pcap`, "line", 1, MALFORMED_HEADER],
];

/** All explained differences. */
export const EXPLAINED: readonly Explained[] = ROWS.map(([capture, field, count, reason]) => ({
  capture,
  field,
  count,
  reason,
}));

/** What of a capture's differences is not explained, in words; empty when all is. */
export function unexplained(capture: string, differences: readonly Difference[]): string[] {
  const problems: string[] = [];
  const byField = Map.groupBy(differences, ({ field }) => field);
  const rows = EXPLAINED.filter((row) => row.capture === capture);
  for (const [field, found] of byField) {
    const row = rows.find((candidate) => candidate.field === field);
    if (row === undefined) {
      problems.push(...found.slice(0, 5).map((one) => `not explained: ${JSON.stringify(one)}`));
      continue;
    }
    for (const one of found.filter((difference) => !row.reason.covers(difference))) {
      problems.push(`not covered by "${row.reason.text}": ${JSON.stringify(one)}`);
    }
  }
  for (const { field, count } of rows) {
    const found = byField.get(field)?.length ?? 0;
    if (found !== count) {
      problems.push(`${field}: ${count} differences are explained, ${found} found`);
    }
  }
  return problems;
}
