/**
 * SPNEGO's tokens (RFC 4178 section 4.2, MS-SPNG section 2.2): bytes to values and back.
 *
 * @module
 */
import { Reader, WireError } from "../wire/mod.ts";
import { asciiBytes } from "./bytes.ts";
import {
  contextTag,
  DerTag,
  element,
  expectElement,
  oidElement,
  readElement,
  readOctets,
  readOid,
} from "./der.ts";
import { MechanismOid } from "./mechanism.ts";

/** How the acceptor sees the negotiation (RFC 4178 section 4.2.2). */
export const NegState = {
  ACCEPT_COMPLETED: 0,
  ACCEPT_INCOMPLETE: 1,
  REJECT: 2,
  REQUEST_MIC: 3,
} as const;

/** NegTokenInit, or NegTokenInit2 where there are hints. */
export interface NegTokenInit {
  readonly kind: "init";
  /** Object identifiers, the most wanted first. */
  readonly mechTypes: readonly string[];
  /** The encoded list, which mechListMIC is computed over. */
  readonly mechTypesBytes: Uint8Array;
  readonly mechToken: Uint8Array | null;
  readonly mechListMic: Uint8Array | null;
  /** The text of negHints; a server's first token has it. */
  readonly hintName: Uint8Array | null;
}

/** NegTokenResp. */
export interface NegTokenResp {
  readonly kind: "resp";
  /** One of {@linkcode NegState}; unknown numbers are kept. */
  readonly negState: number | null;
  readonly supportedMech: string | null;
  readonly responseToken: Uint8Array | null;
  readonly mechListMic: Uint8Array | null;
}

/** Either token. */
export type SpnegoToken = NegTokenInit | NegTokenResp;

/** What Windows and Samba write into negHints (MS-SPNG section 2.2.1). */
const HINT_NAME = "not_defined_in_RFC4178@please_ignore";

/** More mechanisms than this are refused: no peer names more than six. */
const MAX_MECHANISMS = 64;

/**
 * Decodes either token. Byte strings in the result are views of the input.
 *
 * @param bytes The token, with or without GSS-API framing.
 * @returns The token; its `kind` tells which.
 * @throws {WireError} When the bytes are no well-formed SPNEGO token.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeSpnego } from "./mod.ts";
 *
 * const token = decodeSpnego(new Uint8Array([0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0]));
 * assertEquals(token.kind === "resp" && token.negState, 0);
 * ```
 */
export function decodeSpnego(bytes: Uint8Array): SpnegoToken {
  const reader = new Reader(bytes);
  const outer = readElement(reader, "NegotiationToken");
  if (outer.tag === DerTag.APPLICATION_0) {
    const oid = readOid(outer.content, "thisMech");
    if (oid !== MechanismOid.SPNEGO) {
      throw new WireError(`Cannot decode NegotiationToken: thisMech is ${oid}`, {
        field: "thisMech",
        offset: 0,
      });
    }
    return decodeInit(expectElement(outer.content, contextTag(0), "NegTokenInit"));
  }
  // A client's first token should have GSS-API framing; the choice is also told by its tag alone.
  if (outer.tag === contextTag(0)) return decodeInit(outer.content);
  if (outer.tag === contextTag(1)) return decodeResp(outer.content);
  throw new WireError(`Cannot decode NegotiationToken: the tag is 0x${outer.tag.toString(16)}`, {
    field: "NegotiationToken",
    offset: 0,
  });
}

function decodeInit(reader: Reader): NegTokenInit {
  const sequence = expectElement(reader, DerTag.SEQUENCE, "NegTokenInit");
  let mechTypes: string[] = [];
  let mechTypesBytes: Uint8Array = new Uint8Array(0);
  let mechToken: Uint8Array | null = null;
  let mechListMic: Uint8Array | null = null;
  let hintName: Uint8Array | null = null;
  while (sequence.remaining > 0) {
    const { tag, content } = readElement(sequence, "NegTokenInit");
    if (tag === contextTag(0)) {
      mechTypesBytes = content.rest();
      mechTypes = decodeMechTypes(mechTypesBytes);
    } else if (tag === contextTag(2)) {
      mechToken = readOctets(content, "mechToken");
    } else if (tag === contextTag(3)) {
      // The same number is mechListMIC in RFC 4178 and negHints in MS-SPNG section 2.2.1.
      const inner = readElement(content, "negHints");
      if (inner.tag === DerTag.OCTET_STRING) mechListMic = inner.content.rest();
      else if (inner.tag === DerTag.SEQUENCE) hintName = decodeHintName(inner.content);
    } else if (tag === contextTag(4)) {
      mechListMic = readOctets(content, "mechListMIC");
    }
  }
  return { kind: "init", mechTypes, mechTypesBytes, mechToken, mechListMic, hintName };
}

function decodeMechTypes(bytes: Uint8Array): string[] {
  const list = expectElement(new Reader(bytes), DerTag.SEQUENCE, "mechTypes");
  const oids: string[] = [];
  while (list.remaining > 0) {
    if (oids.length === MAX_MECHANISMS) {
      throw new WireError(`Cannot decode mechTypes: there are more than ${MAX_MECHANISMS}`, {
        field: "mechTypes",
        offset: list.offset,
      });
    }
    oids.push(readOid(list, "mechTypes"));
  }
  return oids;
}

function decodeHintName(reader: Reader): Uint8Array | null {
  while (reader.remaining > 0) {
    const { tag, content } = readElement(reader, "negHints");
    if (tag === contextTag(0)) return readElement(content, "hintName").content.rest();
  }
  return null;
}

function decodeResp(reader: Reader): NegTokenResp {
  const sequence = expectElement(reader, DerTag.SEQUENCE, "NegTokenResp");
  let negState: number | null = null;
  let supportedMech: string | null = null;
  let responseToken: Uint8Array | null = null;
  let mechListMic: Uint8Array | null = null;
  while (sequence.remaining > 0) {
    const { tag, content } = readElement(sequence, "NegTokenResp");
    if (tag === contextTag(0)) {
      negState = expectElement(content, DerTag.ENUMERATED, "negState").u8("negState");
    } else if (tag === contextTag(1)) {
      supportedMech = readOid(content, "supportedMech");
    } else if (tag === contextTag(2)) {
      responseToken = readOctets(content, "responseToken");
    } else if (tag === contextTag(3)) {
      mechListMic = readOctets(content, "mechListMIC");
    }
  }
  return { kind: "resp", negState, supportedMech, responseToken, mechListMic };
}

/** The encoded MechTypeList: what mechListMIC is computed over. */
export function encodeMechTypes(oids: readonly string[]): Uint8Array {
  return element(DerTag.SEQUENCE, ...oids.map(oidElement));
}

/** An initiator's first token, or with `hints` the one that a server puts into its NEGOTIATE response. */
export function encodeInit(init: {
  readonly mechTypes: readonly string[];
  readonly mechToken?: Uint8Array | null;
  readonly hints?: boolean;
}): Uint8Array {
  const parts = [element(contextTag(0), encodeMechTypes(init.mechTypes))];
  const token = init.mechToken ?? null;
  if (token !== null) parts.push(octets(2, token));
  if (init.hints === true) {
    const name = element(contextTag(0), element(DerTag.GENERAL_STRING, asciiBytes(HINT_NAME)));
    parts.push(element(contextTag(3), element(DerTag.SEQUENCE, name)));
  }
  const body = element(contextTag(0), element(DerTag.SEQUENCE, ...parts));
  return element(DerTag.APPLICATION_0, oidElement(MechanismOid.SPNEGO), body);
}

/** A NegTokenResp with the fields that are not null. */
export function encodeResp(resp: Omit<NegTokenResp, "kind">): Uint8Array {
  const { negState, supportedMech, responseToken, mechListMic } = resp;
  const parts: Uint8Array[] = [];
  if (negState !== null) {
    parts.push(element(contextTag(0), element(DerTag.ENUMERATED, new Uint8Array([negState]))));
  }
  if (supportedMech !== null) parts.push(element(contextTag(1), oidElement(supportedMech)));
  if (responseToken !== null) parts.push(octets(2, responseToken));
  if (mechListMic !== null) parts.push(octets(3, mechListMic));
  return element(contextTag(1), element(DerTag.SEQUENCE, ...parts));
}

function octets(number: number, bytes: Uint8Array): Uint8Array {
  return element(contextTag(number), element(DerTag.OCTET_STRING, bytes));
}
