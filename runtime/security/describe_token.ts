/**
 * What a security token in a capture tells about who logs in, without keys and without errors.
 *
 * @module
 */
import { Reader, WireError } from "../wire/mod.ts";
import { oemText } from "./bytes.ts";
import { applicationTag, contextTag, DerTag, expectElement, readElement, readOid } from "./der.ts";
import { MechanismOid } from "./mechanism.ts";
import { decodeNtlm, isNtlm } from "./ntlm_messages.ts";
import { decodeSpnego, type SpnegoToken } from "./spnego_tokens.ts";

/** What a token shows. */
export interface TokenDescription {
  /** The innermost mechanism that is visible; null when the bytes are no known token. */
  readonly mechanism: "NTLMSSP" | "Kerberos" | "NegoEx" | "SPNEGO" | null;
  /** 1 NEGOTIATE, 2 CHALLENGE, 3 AUTHENTICATE; null without NTLM. */
  readonly ntlmType: 1 | 2 | 3 | null;
  /** The account of an AUTHENTICATE message; empty for an anonymous one. Kerberos hides it: null. */
  readonly user: string | null;
  /** The account's domain; with Kerberos the realm of the ticket. */
  readonly domain: string | null;
  /** The client's computer of an AUTHENTICATE message. */
  readonly workstation: string | null;
  /** Whether the token is Kerberos', or an offer whose first choice is Kerberos. */
  readonly kerberos: boolean;
  /** The Kerberos service the ticket is for, such as `cifs/server`. */
  readonly service: string | null;
}

const NOTHING: TokenDescription = {
  mechanism: null,
  ntlmType: null,
  user: null,
  domain: null,
  workstation: null,
  kerberos: false,
  service: null,
};

/**
 * Describes a security token of a NEGOTIATE or SESSION_SETUP message. Never throws: what is cut short or damaged
 * is described as far as it can be read.
 *
 * @param token The token; SPNEGO, NTLM or Kerberos.
 * @returns What it shows.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createInitiator, describeToken } from "./mod.ts";
 *
 * const random = (length: number) => new Uint8Array(length);
 * const client = createInitiator({ user: "alice", password: "pw", random, now: () => 0n });
 * const { token } = client.step(null);
 * assertEquals(describeToken(token ?? new Uint8Array()).ntlmType, 1);
 * assertEquals(describeToken(new Uint8Array([1, 2, 3])).mechanism, null);
 * ```
 */
export function describeToken(token: Uint8Array): TokenDescription {
  return attempt(() => describeMechanism(token)) ??
    attempt(() => describeSpnego(decodeSpnego(token))) ?? NOTHING;
}

function describeSpnego(token: SpnegoToken): TokenDescription {
  const inner = token.kind === "init" ? token.mechToken : token.responseToken;
  const offered = token.kind === "init" ? token.mechTypes[0] : token.supportedMech;
  const kerberos = offered === MechanismOid.KERBEROS || offered === MechanismOid.MS_KERBEROS;
  const described = inner === null ? null : attempt(() => describeMechanism(inner));
  if (described !== null) return described;
  return { ...NOTHING, mechanism: "SPNEGO", kerberos };
}

function describeMechanism(token: Uint8Array): TokenDescription | null {
  if (isNtlm(token)) return describeNtlm(token);
  if (startsWith(token, "NEGOEXTS")) return { ...NOTHING, mechanism: "NegoEx" };
  return describeKerberos(token);
}

function describeNtlm(token: Uint8Array): TokenDescription {
  const message = attempt(() => decodeNtlm(token));
  const base = { ...NOTHING, mechanism: "NTLMSSP" } as const;
  if (message === null) return base;
  if (message.type !== 3) return { ...base, ntlmType: message.type };
  const { user, domain, workstation } = message;
  return { ...base, ntlmType: 3, user, domain, workstation };
}

/** GSS-API framing (RFC 4121 section 4.1) around AP-REQ or AP-REP, or the bare messages. */
function describeKerberos(token: Uint8Array): TokenDescription | null {
  const reader = new Reader(token);
  let message = readElement(reader, "KerberosToken");
  if (message.tag === DerTag.APPLICATION_0) {
    const oid = readOid(message.content, "thisMech");
    if (oid !== MechanismOid.KERBEROS && oid !== MechanismOid.MS_KERBEROS) return null;
    message.content.skip(2, "TOK_ID");
    message = readElement(message.content, "KerberosToken");
  }
  const base = { ...NOTHING, mechanism: "Kerberos", kerberos: true } as const;
  if (message.tag === applicationTag(15) || message.tag === applicationTag(30)) return base;
  if (message.tag !== applicationTag(14)) return null;
  return { ...base, ...attempt(() => ticketNames(message.content)) };
}

/** Realm and service of an AP-REQ's ticket (RFC 4120 sections 5.5.1 and 5.3). */
function ticketNames(request: Reader): { domain: string; service: string } {
  const fields = expectElement(request, DerTag.SEQUENCE, "AP-REQ");
  const ticketField = seek(fields, 3, "ticket");
  const ticket = expectElement(ticketField, applicationTag(1), "ticket");
  const ticketFields = expectElement(ticket, DerTag.SEQUENCE, "ticket");
  const realm = readElement(seek(ticketFields, 1, "realm"), "realm").content.rest();
  const name = expectElement(seek(ticketFields, 2, "sname"), DerTag.SEQUENCE, "sname");
  const parts = expectElement(seek(name, 1, "name-string"), DerTag.SEQUENCE, "name-string");
  const names: string[] = [];
  while (parts.remaining > 0) names.push(oemText(readElement(parts, "name-string").content.rest()));
  return { domain: oemText(realm), service: names.join("/") };
}

/** The contents of field `[number]` in a sequence, passing over those before it. */
function seek(sequence: Reader, number: number, field: string): Reader {
  for (;;) {
    const { tag, content } = readElement(sequence, field);
    if (tag === contextTag(number)) return content;
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return oemText(bytes.subarray(0, text.length)) === text;
}

function attempt<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
