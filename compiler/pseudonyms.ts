/**
 * Pseudonyms for names: of the same length in UTF-16 units, with letters for letters and digits for digits, in the same
 * case, and everything else as it was. Equal names have equal pseudonyms, names that differ only in case have such, other
 * names others; equal beginnings stay equal, so that a search pattern finds what it found and a short name begins as its
 * long one. Without the key nobody can tell whose pseudonym a name has.
 *
 * Each letter is replaced by a permutation of its alphabet that leaves none in its place; which one, key and preceding
 * letters say (as Crypto-PAn does for addresses: Xu, Fan, Ammar, Moon 2002).
 */
import { createHmac } from "node:crypto";
import { chachaBlock } from "./chacha.ts";
import { Recent } from "./places.ts";
import { WELL_KNOWN_EXTENSIONS, WELL_KNOWN_NAMES } from "./well_known_names.ts";

/** Names whose pseudonyms are remembered. */
const REMEMBERED = 50_000;

/** Snapshots are named by their time (MS-SMB2 2.2.32.2). */
const SNAPSHOT = /^@GMT-\d{4}\.\d\d\.\d\d-\d\d\.\d\d\.\d\d$/i;

/** Begins of names that go with another name: of an open document, of what macOS keeps beside a file. */
const COMPANION = /^(?:~\$|\._)(?=.)/;

/** A short name that the server made. */
const SHORT_NAME = /^([^~.]{1,7})(~\d{1,6})(\.[^.]{1,3})?$/;

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^[0-9a-f]*:[0-9a-f:.]*$/i;

/** Gives names their pseudonyms. */
export class Pseudonyms {
  readonly #key: Uint8Array;
  readonly #known = new Recent<string, string>(REMEMBERED);
  readonly #addresses = new Map<string, string>();
  readonly #starts = new Map<string, Uint32Array>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Of a path, or of anything else whose names are separated by `\` or `/`. */
  path(path: string): string {
    return path.replace(/[^\\/]+/g, (name) => this.name(name));
  }

  /** Of a user, which may be `DOMAIN\user` or `user@domain`. */
  user(user: string): string {
    return user.replace(/[^\\/@]+/g, (name) => this.name(name));
  }

  /** Of a server's name or address. */
  server(host: string): string {
    const port = /^\d+(?:\.\d+){3}(:\d+)$/.exec(host)?.[1] ?? "";
    if (port !== "") return this.address(host.slice(0, -port.length)) + port;
    const plain = host.replace(/^\[|\]$/g, "");
    return IPV4.test(plain) || IPV6.test(plain) ? this.address(plain) : this.name(host);
  }

  /** Another address of the same length for each address, in order of appearance. */
  address(address: string): string {
    let other = this.#addresses.get(address);
    if (other === undefined) {
      const number = this.#addresses.size + 1;
      other = address.includes(":") ? otherIpv6(address, number) : otherIpv4(address, number);
      this.#addresses.set(address, other);
    }
    return other;
  }

  /** Of one name: a file with its stream, a folder, a share, a pattern. */
  name(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const pseudonym = isWellKnown(name)
      ? name
      : name.split(":").map((part) => this.#part(part)).join(":");
    this.#known.set(name, pseudonym);
    return pseudonym;
  }

  /** A secret number that goes with some bytes. */
  digest(purpose: string, bytes: Uint8Array | string): Uint8Array {
    return createHmac("sha256", this.#key).update(`${purpose}\0`).update(bytes).digest();
  }

  #part(name: string): string {
    if (isWellKnown(name) || SNAPSHOT.test(name) || /^com\.apple\./i.test(name)) return name;
    const companion = COMPANION.exec(name)?.[0] ?? "";
    if (companion !== "") return companion + this.#part(name.slice(companion.length));
    const short = SHORT_NAME.exec(name);
    if (short !== null) {
      return this.#stem(short[1]!, "") + short[2]! + this.#extension(short[3] ?? "");
    }
    const dot = name.lastIndexOf(".");
    const end = dot <= 0 || dot === name.length - 1 ? name.length : dot;
    const extension = this.#extension(name.slice(end));
    return this.#stem(name.slice(0, end), extension) + extension;
  }

  #extension(extension: string): string {
    const name = extension.slice(1);
    if (name === "" || WELL_KNOWN_EXTENSIONS.has(name.toLowerCase())) return extension;
    return `.${this.#walk(name, "extension", (other) => WELL_KNOWN_EXTENSIONS.has(other))}`;
  }

  #stem(stem: string, extension: string): string {
    return this.#walk(stem, "name", (other) => isWellKnown(other + extension));
  }

  /** Goes on where the pseudonym is taken by what keeps its name: so no two names have one. */
  #walk(name: string, purpose: string, isTaken: (other: string) => boolean): string {
    let other = this.#replace(name, purpose);
    while (isTaken(other.toLowerCase()) && other !== name) other = this.#replace(other, purpose);
    return other;
  }

  /** What stands before a letter decides, in lower case: case must not. */
  #replace(name: string, purpose: string): string {
    let block = chachaBlock(this.#start(purpose), 0);
    let text = "";
    for (const character of name) {
      const lower = lowerOf(character);
      // Half of a block chooses, the other half is the key of the next one.
      const other = replaced(lower, block.subarray(8));
      text += lower === character ? other : other.toUpperCase();
      block = chachaBlock(block.subarray(0, 8), 1, [lower.codePointAt(0)!, 0, 0]);
    }
    return text;
  }

  #start(purpose: string): Uint32Array {
    let start = this.#starts.get(purpose);
    if (start === undefined) {
      const bytes = new Uint8Array(this.digest("pseudonyms", purpose));
      this.#starts.set(purpose, start = new Uint32Array(bytes.buffer));
    }
    return start;
  }
}

/** First parts of addresses that nobody has: of this network, private ones, and the reserved class E, by length. */
const FIRST_OCTETS = ["0", "10", "240"] as const;

/** How many numbers of one, two and three digits a part may have, from where on. */
const OCTETS = [{ from: 0, count: 10 }, { from: 10, count: 90 }, {
  from: 100,
  count: 100,
}] as const;

function otherIpv4(address: string, number: number): string {
  const [first = "", ...rest] = address.split(".");
  let left = number;
  const octets = rest.reverse().map((octet) => {
    const { from, count } = OCTETS[octet.length - 1]!;
    // From above: addresses in use are counted from below.
    const digit = from + count - 1 - left % count;
    left = Math.floor(left / count);
    return digit;
  }).reverse();
  return [FIRST_OCTETS[first.length - 1]!, ...octets].join(".");
}

function otherIpv6(address: string, number: number): string {
  const digits = address.match(/[0-9a-f]/gi)?.length ?? 0;
  const other = number.toString(16).padStart(digits, "0").slice(-digits);
  let index = 0;
  return address.replace(/[0-9a-f]/gi, () => other[index++]!);
}

function isWellKnown(name: string): boolean {
  const folded = name.toLowerCase();
  if (WELL_KNOWN_NAMES.has(folded)) return true;
  // A device is one with every extension.
  const dot = folded.indexOf(".");
  return dot > 0 && /^(?:con|prn|aux|nul|com\d|lpt\d)$/.test(folded.slice(0, dot));
}

/** Lower case, where it is one character and leads back. */
function lowerOf(character: string): string {
  const lower = character.toLowerCase();
  return lower !== character && lower.length === character.length &&
      lower.toUpperCase() === character && isAscii(lower) === isAscii(character)
    ? lower
    : character;
}

function isAscii(character: string): boolean {
  return character.charCodeAt(0) < 0x80;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";

function replaced(character: string, random: Uint32Array): string {
  if (isAscii(character)) {
    const alphabet = LETTERS.includes(character)
      ? LETTERS
      : DIGITS.includes(character)
      ? DIGITS
      : null;
    return alphabet === null ? character : cycled(alphabet, alphabet.indexOf(character), random);
  }
  const alphabet = alphabetOf(character);
  if (alphabet === null) return character;
  const step = 1 + random[0]! % (alphabet.size - 1);
  return alphabet.at((alphabet.indexOf(character) + step) % alphabet.size);
}

/** A random cycle through the alphabet (Sattolo 1986): nothing stays where it is. */
function cycled(alphabet: string, index: number, random: Uint32Array): string {
  const bytes = new Uint8Array(random.buffer, random.byteOffset, random.byteLength);
  const order = alphabet.split("");
  for (let last = order.length - 1; last > 0; last--) {
    const other = bytes[last]! % last;
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order[index]!;
}

/** Characters beyond ASCII that stand for each other. */
interface Alphabet {
  readonly size: number;
  indexOf(character: string): number;
  at(index: number): string;
}

/** Planes of ideographs, and of faces: of others, each character says too little to be worth it. */
const RANGES: readonly (readonly [number, number])[] = [[0x20000, 0x2a6df], [0x1f600, 0x1f64f]];

function alphabetOf(character: string): Alphabet | null {
  const code = character.codePointAt(0)!;
  if (code > 0xffff) {
    const range = RANGES.find(([first, last]) => code >= first && code <= last);
    if (range === undefined) return null;
    const [first, last] = range;
    return {
      size: last - first + 1,
      indexOf: (other) => other.codePointAt(0)! - first,
      at: (index) => String.fromCodePoint(first + index),
    };
  }
  return alphabets().find((alphabet) => alphabet.indexOf(character) >= 0) ?? null;
}

let made: readonly Alphabet[] | null = null;

/**
 * Letters of the basic plane: small ones that have a capital, and those without case; each by its length in UTF-8, for
 * servers that limit that of a name.
 */
function alphabets(): readonly Alphabet[] {
  if (made !== null) return made;
  const [casedShort, casedLong, short, long]: string[][] = [[], [], [], []];
  for (let code = 0x80; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    if (!/\p{L}|\p{Nd}/u.test(character) || lowerOf(character) !== character) continue;
    const upper = character.toUpperCase();
    const isCased = upper !== character && lowerOf(upper) === character &&
      (upper.charCodeAt(0) < 0x800) === (code < 0x800);
    if (isCased) (code < 0x800 ? casedShort : casedLong)!.push(character);
    else (code < 0x800 ? short : long)!.push(character);
  }
  return made = [casedShort, casedLong, short, long].map((list) => listed(list!));
}

function listed(characters: readonly string[]): Alphabet {
  const indices = new Map(characters.map((character, index) => [character, index]));
  return {
    size: characters.length,
    indexOf: (character) => indices.get(character) ?? -1,
    at: (index) => characters[index]!,
  };
}
