/**
 * GHASH (NIST SP800-38D 6.4) by tables, in WebAssembly: additions of 128 bits are what JavaScript lacks. The module is a
 * single function, put together here.
 *
 * @module
 */

const BLOCK = 16;
/** The reduction polynomial, with the bits of a block in the order of GCM: its first byte. */
const POLYNOMIAL = 0xe1;
/** Halves of the bytes of a block, and the values of each. */
const NIBBLES = 32;
const VALUES = 16;
const TABLE = NIBBLES * VALUES * BLOCK;
/** In the module's memory: the table, the hash so far, the nibbles of a block, and what is to be hashed. */
const STATE = TABLE;
const HIGH_NIBBLES = STATE + BLOCK;
const LOW_NIBBLES = HIGH_NIBBLES + BLOCK;
const DATA = TABLE + 64;
const PAGES = 2;
const PAGE = 65536;
/** Bytes that are hashed in one call. */
const CAPACITY = PAGES * PAGE - DATA;

// Taken when this is loaded: a sandbox takes the name away from scenarios.
const { Instance, Module } = WebAssembly;

interface Machine {
  readonly memory: Uint8Array;
  /** Takes whole blocks from one address to another into the hash. */
  readonly hash: (from: number, to: number) => void;
  /** Whose table is in the memory. */
  table: Uint8Array | null;
}

/** Shared by all keys: every use is one synchronous call. Made when it is needed. */
let machine: Machine | null = null;

/** GHASH under one key. */
export class Ghash {
  readonly #table: Uint8Array;

  /** @param h 16 zero bytes, enciphered with the key. */
  constructor(h: Uint8Array) {
    this.#table = products(h);
  }

  /** The hash of what is authenticated, with nothing enciphered; valid until the next call. */
  compute(parts: readonly Uint8Array[]): Uint8Array {
    machine ??= started();
    const { memory, hash } = machine;
    if (machine.table !== this.#table) memory.set(this.#table);
    machine.table = this.#table;
    memory.fill(0, STATE, STATE + BLOCK);
    let length = 0;
    let filled = 0;
    for (const part of parts) {
      length += part.byteLength;
      for (let at = 0; at < part.byteLength;) {
        const taken = Math.min(part.byteLength - at, CAPACITY - filled);
        const whole = at === 0 && taken === part.byteLength;
        memory.set(whole ? part : part.subarray(at, at + taken), DATA + filled);
        at += taken;
        filled += taken;
        if (filled < CAPACITY) continue;
        hash(DATA, DATA + CAPACITY);
        filled = 0;
      }
    }
    const end = DATA + filled;
    const padded = DATA + Math.ceil(filled / BLOCK) * BLOCK;
    memory.fill(0, end, padded);
    if (filled > 0) hash(DATA, padded);
    // The lengths in bits; that of what is authenticated has 32 of them here.
    memory.fill(0, DATA, DATA + BLOCK);
    const bits = length * 8;
    memory[DATA + 3] = bits / 2 ** 32;
    for (let i = 0; i < 4; i++) memory[DATA + 7 - i] = bits >>> (8 * i);
    hash(DATA, DATA + BLOCK);
    return memory.subarray(STATE, STATE + BLOCK);
  }
}

/** For each nibble of a block, the products of its values with H. */
function products(h: Uint8Array): Uint8Array {
  const table = new Uint8Array(TABLE);
  const power = h.slice(0, BLOCK);
  for (let bit = 0; bit < BLOCK * 8; bit++) {
    // The first bit of a byte is its highest one.
    const nibble = (bit >> 3) * 2 + ((bit & 4) === 0 ? 1 : 0);
    const value = 8 >> (bit & 3);
    for (let other = 0; other < VALUES; other++) {
      if ((other & value) === 0) continue;
      const at = (nibble * VALUES + other) * BLOCK;
      for (let i = 0; i < BLOCK; i++) {
        table[at + i] = (table[at + i] as number) ^ (power[i] as number);
      }
    }
    timesX(power);
  }
  return table;
}

/** One place to the right, and back in at the beginning. */
function timesX(block: Uint8Array): void {
  const carry = (block[BLOCK - 1] as number) & 1;
  for (let i = BLOCK - 1; i > 0; i--) {
    block[i] = ((block[i] as number) >> 1) | (((block[i - 1] as number) & 1) << 7);
  }
  block[0] = ((block[0] as number) >> 1) ^ (carry === 0 ? 0 : POLYNOMIAL);
}

function started(): Machine {
  const { exports } = new Instance(new Module(assembled()));
  const { memory, hash } = exports as {
    readonly memory: WebAssembly.Memory;
    readonly hash: (from: number, to: number) => void;
  };
  return { memory: new Uint8Array(memory.buffer), hash, table: null };
}

/** Instructions (WebAssembly 5.4). */
const LOOP = [0x03, 0x40];
const END = 0x0b;
const BR_IF_0 = [0x0d, 0x00];
const I32_LOAD8_U = 0x2d;
const I32_CONST = 0x41;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const V128_LOAD = [0xfd, 0x00];
const V128_STORE = [0xfd, 0x0b];
const V128_CONST = [0xfd, 0x0c];
const V128_AND = [0xfd, 0x4e];
const V128_XOR = [0xfd, 0x51];
const I16X8_SHL = [0xfd, 0x8b, 0x01];
const I32 = 0x7f;
const V128 = 0x7b;

/** Parameters and the variable of the function. */
const AT = 0;
const TO = 1;
const SUM = 2;

/**
 * `hash(at, to)`: from a block to the next, all nibbles are looked up and their products added. The nibbles go through
 * memory: there they are read as places in the table, which costs less than to shift and mask each of them.
 */
function assembled(): Uint8Array<ArrayBuffer> {
  const places = [...V128_CONST, ...new Uint8Array(BLOCK).fill(0xf0), ...V128_AND];
  const body = [
    ...[1, 1, V128],
    ...[I32_CONST, 0, ...load(STATE), ...set(SUM)],
    ...LOOP,
    ...[...get(SUM), ...get(AT), ...load(0), ...V128_XOR, ...set(SUM)],
    // The value of a nibble times 16, the length of an entry.
    ...[I32_CONST, 0, ...get(SUM), ...places, ...store(HIGH_NIBBLES)],
    ...[I32_CONST, 0, ...get(SUM), I32_CONST, 4, ...I16X8_SHL, ...places, ...store(LOW_NIBBLES)],
    ...[...sumOfProducts(0, NIBBLES), ...set(SUM)],
    ...[...get(AT), I32_CONST, BLOCK, I32_ADD, ...tee(AT), ...get(TO), I32_LT_U, ...BR_IF_0, END],
    ...[I32_CONST, 0, ...get(SUM), ...store(STATE), END],
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, PAGES]),
    ...section(7, [2, ...text("memory"), 2, 0, ...text("hash"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** Of some nibbles, by halves: additions that do not wait for each other. */
function sumOfProducts(from: number, count: number): number[] {
  if (count > 1) {
    const half = count / 2;
    return [...sumOfProducts(from, half), ...sumOfProducts(from + half, half), ...V128_XOR];
  }
  const place = (from % 2 === 0 ? LOW_NIBBLES : HIGH_NIBBLES) + (from >> 1);
  return [I32_CONST, 0, I32_LOAD8_U, 0, ...unsigned(place), ...load(from * VALUES * BLOCK)];
}

function get(variable: number): number[] {
  return [0x20, variable];
}

function set(variable: number): number[] {
  return [0x21, variable];
}

function tee(variable: number): number[] {
  return [0x22, variable];
}

function load(offset: number): number[] {
  return [...V128_LOAD, 4, ...unsigned(offset)];
}

function store(offset: number): number[] {
  return [...V128_STORE, 4, ...unsigned(offset)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}

/** LEB128 of a number that is not negative. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
