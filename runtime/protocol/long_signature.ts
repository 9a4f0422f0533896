/**
 * AES-128-GMAC over long messages, for somebody else to compute (MS-SMB2 3.1.4.1): WebCrypto does it in a third of the
 * time, but cannot answer at once.
 */
import { Command, type Header, HeaderFlags } from "../wire/mod.ts";

/** A code to compute: AES-128-GCM of nothing, with the message as what is authenticated beside it. */
export interface CodeJob {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** The whole message, its Signature field zero. */
  readonly message: Uint8Array;
}

/** Where Signature lies in the header. */
const SIGNATURE = 48;
const SIGNATURE_LENGTH = 16;
const NONCE_LENGTH = 12;

/** The job of a message whose Signature field is zero. */
export function codeJob(key: Uint8Array, header: Header, message: Uint8Array): CodeJob {
  const nonce = new Uint8Array(NONCE_LENGTH);
  for (let i = 0; i < 8; i++) nonce[i] = Number(header.messageId >> BigInt(8 * i) & 0xffn);
  const fromServer = (header.flags & HeaderFlags.SERVER_TO_REDIR) !== 0;
  nonce[8] = (fromServer ? 1 : 0) | (header.command === Command.CANCEL ? 2 : 0);
  return { key, nonce, message };
}

/** Puts a code into the Signature field of a message, or of the part that has its header. */
export function setMessageSignature(message: Uint8Array, code: Uint8Array): void {
  message.set(code.subarray(0, SIGNATURE_LENGTH), SIGNATURE);
}

/** Takes the code out of a message, whose Signature field is zero then. */
export function takeMessageSignature(message: Uint8Array): Uint8Array {
  const signature = message.slice(SIGNATURE, SIGNATURE + SIGNATURE_LENGTH);
  message.fill(0, SIGNATURE, SIGNATURE + SIGNATURE_LENGTH);
  return signature;
}
