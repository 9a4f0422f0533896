/**
 * The computations of NTLMv2 (MS-NLMP sections 3.3.2 and 3.4): responses, keys, signatures.
 *
 * @module
 */
import { Reader, Writer } from "../wire/mod.ts";
import { asciiBytes, concatBytes, equalBytes, utf16Bytes } from "./bytes.ts";
import { hmacMd5, md4, md5 } from "./hash.ts";
import {
  AV_FLAG_MIC,
  AvId,
  type AvPair,
  decodeAvPairs,
  encodeAvPairs,
  MIC_OFFSET,
  NtlmFlags,
} from "./ntlm_messages.ts";
import { rc4 } from "./rc4.ts";

/**
 * The NT hash of a password: all that NTLM needs of it (`NTOWFv1` of MS-NLMP section 3.3.1).
 *
 * @param password The password.
 * @returns 16 bytes, as secret as the password itself.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ntHash } from "./mod.ts";
 *
 * assertEquals(ntHash("Password")[0], 0xa4);
 * ```
 */
export function ntHash(password: string): Uint8Array {
  return md4(utf16Bytes(password));
}

/** The key that a user's NTLMv2 responses are made with (`NTOWFv2`). */
export function responseKey(
  hash: Uint8Array,
  identity: { readonly user: string; readonly domain: string },
): Uint8Array {
  return hmacMd5(hash, utf16Bytes(upperCase(identity.user) + identity.domain));
}

/** What the client mixes into its response. */
export interface ResponseInput {
  readonly serverChallenge: Uint8Array;
  readonly clientChallenge: Uint8Array;
  /** 100-nanosecond intervals since 1601. */
  readonly time: bigint;
  readonly targetInfo: readonly AvPair[];
}

/** A client's response and the key that follows from it. */
export interface NtlmV2Response {
  /** NtChallengeResponse: proof and client challenge structure. */
  readonly ntResponse: Uint8Array;
  /** LmChallengeResponse, for challenges without a timestamp. */
  readonly lmResponse: Uint8Array;
  readonly sessionBaseKey: Uint8Array;
}

/** Computes the NTLMv2 response to a challenge (MS-NLMP section 3.3.2). */
export function computeResponse(key: Uint8Array, input: ResponseInput): NtlmV2Response {
  const temp = new Writer(256);
  temp.u8(1); // RespType
  temp.u8(1); // HiRespType
  temp.zero(6);
  temp.u64(input.time);
  temp.raw(input.clientChallenge);
  temp.zero(4);
  temp.raw(encodeAvPairs(input.targetInfo));
  temp.zero(4);
  const proof = hmacMd5(key, input.serverChallenge, temp.bytes());
  const lmProof = hmacMd5(key, input.serverChallenge, input.clientChallenge);
  return {
    ntResponse: concatBytes(proof, temp.bytes()),
    lmResponse: concatBytes(lmProof, input.clientChallenge),
    sessionBaseKey: hmacMd5(key, proof),
  };
}

/** The parts of an NTLMv2 NtChallengeResponse (MS-NLMP sections 2.2.2.7 and 2.2.2.8). */
export interface DecodedResponse {
  readonly proof: Uint8Array;
  /** Everything behind the proof, which the proof covers. */
  readonly temp: Uint8Array;
  readonly time: bigint;
  readonly clientChallenge: Uint8Array;
  readonly targetInfo: readonly AvPair[];
}

/** Decodes an NTLMv2 response; `WireError` when it is malformed. */
export function decodeResponse(ntResponse: Uint8Array): DecodedResponse {
  const reader = new Reader(ntResponse);
  const proof = reader.bytes(16, "Response");
  const temp = reader.bytes(reader.remaining, "NTLMv2_CLIENT_CHALLENGE");
  const inner = new Reader(temp);
  inner.skip(8, "RespType");
  const time = inner.u64("TimeStamp");
  const clientChallenge = inner.bytes(8, "ChallengeFromClient");
  inner.skip(4, "Reserved3");
  return { proof, temp, time, clientChallenge, targetInfo: decodeAvPairs(inner.rest()) };
}

/** The session base key when the response proves knowledge of the key, otherwise null. */
export function verifyResponse(
  key: Uint8Array,
  input: { readonly serverChallenge: Uint8Array; readonly response: DecodedResponse },
): Uint8Array | null {
  const expected = hmacMd5(key, input.serverChallenge, input.response.temp);
  return equalBytes(expected, input.response.proof) ? hmacMd5(key, expected) : null;
}

/** Whether a response announces a MIC in its message (MS-NLMP section 3.2.5.2.2). */
export function announcesMic(targetInfo: readonly AvPair[]): boolean {
  const flags = targetInfo.find((pair) => pair.id === AvId.FLAGS);
  return flags !== undefined && flags.value.length >= 4 &&
    (new Reader(flags.value).u32("MsvAvFlags") & AV_FLAG_MIC) !== 0;
}

/** Whether the session key travels encrypted with the key-exchange key (MS-NLMP section 3.1.5.2.1). */
export function exchangesKey(flags: number): boolean {
  return (flags & NtlmFlags.KEY_EXCH) !== 0 &&
    (flags & (NtlmFlags.SIGN | NtlmFlags.SEAL)) !== 0;
}

/** The MIC over the three messages, with the field itself taken as zero. */
export function computeMic(
  exportedSessionKey: Uint8Array,
  messages: {
    readonly negotiate: Uint8Array;
    readonly challenge: Uint8Array;
    readonly authenticate: Uint8Array;
  },
): Uint8Array {
  const authenticate = messages.authenticate.slice();
  authenticate.fill(0, MIC_OFFSET, MIC_OFFSET + 16);
  return hmacMd5(exportedSessionKey, messages.negotiate, messages.challenge, authenticate);
}

/** The hash of channel bindings (MS-NLMP section 2.2.2.1): of a `gss_channel_bindings_struct`, encoded. */
export function channelBindingsHash(bindings: Uint8Array): Uint8Array {
  return md5(bindings);
}

/** What a message signature depends on. */
export interface SignatureKey {
  readonly exportedSessionKey: Uint8Array;
  readonly flags: number;
  readonly fromClient: boolean;
}

/** SIGNKEY (MS-NLMP section 3.4.5.2). */
export function signKey({ exportedSessionKey, fromClient }: SignatureKey): Uint8Array {
  return md5(exportedSessionKey, magic(fromClient, "signing"));
}

/** SEALKEY (MS-NLMP section 3.4.5.3): weakened when neither 128 bits nor 56 were negotiated. */
export function sealKey({ exportedSessionKey, flags, fromClient }: SignatureKey): Uint8Array {
  const length = (flags & NtlmFlags.ENCRYPT_128) !== 0
    ? 16
    : (flags & NtlmFlags.ENCRYPT_56) !== 0
    ? 7
    : 5;
  return md5(exportedSessionKey.subarray(0, length), magic(fromClient, "sealing"));
}

/**
 * The signature of a context's first message in one direction (MS-NLMP section 3.4.4.2), which is also how SPNEGO's
 * mechListMIC is made: the RC4 state is put back after it (MS-SPNG section 3.3.5.1).
 *
 * @returns 16 bytes, or null without extended session security, whose older signatures are not supported.
 */
export function firstSignature(key: SignatureKey, message: Uint8Array): Uint8Array | null {
  if ((key.flags & NtlmFlags.EXTENDED_SESSIONSECURITY) === 0) return null;
  const checksum = hmacMd5(signKey(key), new Uint8Array(4), message).subarray(0, 8);
  const sealed = (key.flags & NtlmFlags.KEY_EXCH) !== 0 ? rc4(sealKey(key), checksum) : checksum;
  const writer = new Writer(16);
  writer.u32(1); // Version
  writer.raw(sealed);
  writer.u32(0); // SeqNum
  return writer.bytes().slice();
}

function magic(fromClient: boolean, purpose: "signing" | "sealing"): Uint8Array {
  const direction = fromClient ? "client-to-server" : "server-to-client";
  return asciiBytes(`session key to ${direction} ${purpose} key magic constant\0`);
}

/** Upper case per UTF-16 unit, as Windows does it: no letter becomes two. */
function upperCase(text: string): string {
  let upper = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    const mapped = unit.toUpperCase();
    upper += mapped.length === 1 ? mapped : unit;
  }
  return upper;
}
