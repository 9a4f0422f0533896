/**
 * AES-CCM (RFC 3610, NIST SP800-38C), which node:crypto lacks in Deno: CTR for the text and CBC-MAC for the tag,
 * both over the native ciphers.
 *
 * @module
 */
import { createCipheriv } from "node:crypto";
import { concatBytes, equalBytes } from "./bytes.ts";

const BLOCK = 16;

/** What one CCM operation needs besides the text. */
export interface CcmInput {
  /** 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** 7 to 13 bytes, never used twice with one key. */
  readonly nonce: Uint8Array;
  /** Authenticated but not encrypted; below 0xFF00 bytes. */
  readonly aad: Uint8Array;
  /** Bytes of the tag: 4, 6, ... 16. */
  readonly tagLength: number;
}

/** Encrypts and authenticates. The result has the length of the text. */
export function ccmEncrypt(
  input: CcmInput,
  plaintext: Uint8Array,
): { ciphertext: Uint8Array; tag: Uint8Array } {
  checkInput(input, plaintext.length);
  const { mask, text } = counterMode(input, plaintext);
  return { ciphertext: text, tag: tagOf(input, plaintext, mask) };
}

/** Decrypts; null when the tag does not authenticate text and additional data. */
export function ccmDecrypt(
  input: CcmInput,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Uint8Array | null {
  checkInput(input, ciphertext.length);
  const { mask, text } = counterMode(input, ciphertext);
  return equalBytes(tagOf(input, text, mask), tag) ? text : null;
}

function checkInput({ key, nonce, aad, tagLength }: CcmInput, length: number): void {
  if (key.length !== 16 && key.length !== 32) {
    throw new RangeError(`Cannot use AES-CCM: the key has ${key.length} bytes`);
  }
  if (nonce.length < 7 || nonce.length > 13) {
    throw new RangeError(`Cannot use AES-CCM: the nonce has ${nonce.length} bytes`);
  }
  if (aad.length >= 0xff00) {
    throw new RangeError(`Cannot use AES-CCM: the additional data has ${aad.length} bytes`);
  }
  if (tagLength < 4 || tagLength > 16 || tagLength % 2 !== 0) {
    throw new RangeError(`Cannot use AES-CCM: the tag would have ${tagLength} bytes`);
  }
  const widest = 15 - nonce.length;
  if (widest < 6 && length >= 2 ** (8 * widest)) {
    throw new RangeError(`Cannot use AES-CCM: ${length} bytes do not fit its length field`);
  }
}

/** The key stream applied to the text, and its block 0, which masks the tag. */
function counterMode(
  { key, nonce }: CcmInput,
  input: Uint8Array,
): { mask: Uint8Array; text: Uint8Array } {
  const counter = new Uint8Array(BLOCK);
  counter[0] = 14 - nonce.length;
  counter.set(nonce, 1);
  const cipher = createCipheriv(key.length === 16 ? "aes-128-ctr" : "aes-256-ctr", key, counter);
  const mask = cipher.update(new Uint8Array(BLOCK));
  return { mask, text: input.length === 0 ? new Uint8Array(0) : plain(cipher.update(input)) };
}

function tagOf(input: CcmInput, plaintext: Uint8Array, mask: Uint8Array): Uint8Array {
  const { key, nonce, aad, tagLength } = input;
  const first = new Uint8Array(BLOCK);
  first[0] = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (14 - nonce.length);
  first.set(nonce, 1);
  let rest = plaintext.length;
  for (let i = BLOCK - 1; i > nonce.length; i--) {
    first[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  let head = first;
  if (aad.length > 0) {
    const length = new Uint8Array([aad.length >> 8, aad.length & 0xff]);
    head = padded(concatBytes(first, length, aad));
  }
  const cipher = createCipheriv(
    key.length === 16 ? "aes-128-cbc" : "aes-256-cbc",
    key,
    new Uint8Array(BLOCK),
  );
  cipher.setAutoPadding(false);
  let last: Uint8Array = cipher.update(head);
  const whole = plaintext.length - (plaintext.length % BLOCK);
  // In slices, so that a large message does not need a second buffer of its size.
  for (let at = 0; at < whole; at += 65536) {
    last = cipher.update(plaintext.subarray(at, Math.min(whole, at + 65536)));
  }
  if (whole < plaintext.length) last = cipher.update(padded(plaintext.subarray(whole)));
  const tag = new Uint8Array(tagLength);
  const offset = last.length - BLOCK;
  for (let i = 0; i < tagLength; i++) {
    tag[i] = (last[offset + i] as number) ^ (mask[i] as number);
  }
  return tag;
}

function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  result.set(bytes);
  return result;
}

/** A node Buffer as the Uint8Array it is, without copying. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
