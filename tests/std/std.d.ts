/**
 * Types of the `@std/...` functions in use.
 *
 * JSR, which carries the real types, may be out of reach, and the npm package `deno-std` behind these names has none.
 * A name that is missing here is a type error where it is used: add its declaration, from the documentation of
 * `@std`, when it is first needed.
 *
 * @module
 */

declare module "@std/assert" {
  // deno-lint-ignore no-explicit-any
  type ErrorConstructor<E extends Error> = abstract new (...args: any[]) => E;
  // deno-lint-ignore no-explicit-any
  type AnyConstructor = abstract new (...args: any[]) => any;

  export class AssertionError extends Error {
    constructor(message: string, options?: ErrorOptions);
  }
  export function assert(expr: unknown, msg?: string): asserts expr;
  export function assertAlmostEquals(
    actual: number,
    expected: number,
    tolerance?: number,
    msg?: string,
  ): void;
  export function assertArrayIncludes<T>(
    actual: ArrayLike<T>,
    expected: ArrayLike<T>,
    msg?: string,
  ): void;
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
  export function assertFalse(expr: unknown, msg?: string): asserts expr is false;
  export function assertGreater<T>(actual: T, expected: T, msg?: string): void;
  export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;
  export function assertInstanceOf<C extends AnyConstructor>(
    actual: unknown,
    expectedType: C,
    msg?: string,
  ): asserts actual is InstanceType<C>;
  export function assertIsError<E extends Error = Error>(
    error: unknown,
    errorClass?: ErrorConstructor<E>,
    msgMatches?: string | RegExp,
    msg?: string,
  ): asserts error is E;
  export function assertLess<T>(actual: T, expected: T, msg?: string): void;
  export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;
  export function assertMatch(actual: string, expected: RegExp, msg?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertNotInstanceOf<A, T>(
    actual: A,
    // deno-lint-ignore no-explicit-any
    unexpectedType: abstract new (...args: any[]) => T,
    msg?: string,
  ): asserts actual is Exclude<A, T>;
  export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;
  export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertObjectMatch(
    // deno-lint-ignore no-explicit-any
    actual: Record<PropertyKey, any>,
    expected: Record<PropertyKey, unknown>,
    msg?: string,
  ): void;
  export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: ErrorConstructor<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    msg?: string,
  ): asserts actual is T;
  export function assertStringIncludes(actual: string, expected: string, msg?: string): void;
  export function assertThrows(fn: () => unknown, msg?: string): unknown;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass: ErrorConstructor<E>,
    msgIncludes?: string,
    msg?: string,
  ): E;
  export function equal(a: unknown, b: unknown): boolean;
  export function fail(msg?: string): never;
  export function unimplemented(msg?: string): never;
  export function unreachable(msg?: string): never;
}

declare module "@std/cli" {
  type Names = readonly string[] | string;
  type NameOf<N> = N extends readonly (infer S extends string)[] ? Exclude<S, "_">
    : N extends string ? N
    : never;
  type Widened<T> = T extends string ? string
    : T extends number ? number
    : T extends boolean ? boolean
    : T;
  type DefaultOf<D, K> = K extends keyof D ? Widened<D[K]> : never;
  type Present<D, K, V> = K extends keyof D ? V | DefaultOf<D, K> : V | undefined;

  export interface ParseOptions {
    readonly "--"?: boolean;
    readonly alias?: Readonly<Record<string, string | readonly string[]>>;
    readonly boolean?: boolean | Names;
    readonly string?: Names;
    readonly collect?: Names;
    readonly negatable?: Names;
    readonly default?: Readonly<Record<string, unknown>>;
    readonly stopEarly?: boolean;
    readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }

  /**
   * What `parseArgs` returns. Aliases are present at run time but not in this type: read the main name.
   * A boolean option that was not given is `false`, unless it is negatable; a collected one is `[]`.
   */
  export type Args<O extends ParseOptions> =
    & { _: (string | number)[] }
    & (O["--"] extends true ? { "--": string[] } : unknown)
    & {
      [K in Exclude<NameOf<O["string"]>, NameOf<O["collect"]>>]: Present<O["default"], K, string>;
    }
    & {
      [K in Extract<NameOf<O["string"]>, NameOf<O["collect"]>>]: string[];
    }
    & {
      [K in Exclude<NameOf<O["boolean"]>, NameOf<O["collect"]>>]: K extends NameOf<O["negatable"]>
        ? Present<O["default"], K, boolean>
        : boolean;
    }
    & {
      [K in Extract<NameOf<O["boolean"]>, NameOf<O["collect"]>>]: boolean[];
    };

  export function parseArgs<const O extends ParseOptions>(
    args: readonly string[],
    options?: O,
  ): Args<O>;
}

declare module "@std/cli/prompt-secret" {
  export interface PromptSecretOptions {
    /** The character shown for each one typed; an empty string shows nothing. `"*"` by default. */
    mask?: string;
    /** Remove the prompt once it is answered. */
    clear?: boolean;
  }
  /** Reads a line from the terminal without showing it; null where standard input is no terminal. */
  export function promptSecret(message?: string, options?: PromptSecretOptions): string | null;
}

declare module "@std/encoding" {
  type Binary = string | Uint8Array | ArrayBuffer;
  export function decodeBase64(b64: string): Uint8Array<ArrayBuffer>;
  export function decodeHex(src: string): Uint8Array<ArrayBuffer>;
  export function encodeBase64(data: Binary): string;
  export function encodeBase64Url(data: Binary): string;
  export function encodeHex(src: Binary): string;
}

declare module "@std/streams" {
  type Bytes = Uint8Array<ArrayBuffer>;
  export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;
  export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T>;
  export function toArrayBuffer(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer>;
  export function toBytes(stream: ReadableStream<Uint8Array>): Promise<Bytes>;
  export function toJson(stream: ReadableStream<string | Uint8Array>): Promise<unknown>;
  export function toText(stream: ReadableStream<string | Uint8Array>): Promise<string>;
  export class LimitedBytesTransformStream extends TransformStream<Uint8Array, Uint8Array> {
    constructor(size: number, options?: { error?: boolean });
  }
  export class TextLineStream extends TransformStream<string, string> {
    constructor(options?: { allowCR?: boolean });
  }
}

declare module "@std/yaml" {
  export function parse(content: string, options?: { schema?: string }): unknown;
  export function stringify(data: unknown, options?: { indent?: number }): string;
}

declare module "@std/expect" {
  // deno-lint-ignore no-explicit-any
  type Constructor = abstract new (...args: any[]) => any;
  type Thrown = string | RegExp | Error | Constructor;

  export interface Expected<Result = void> {
    readonly not: Expected<Result>;
    readonly resolves: Expected<Promise<void>>;
    readonly rejects: Expected<Promise<void>>;
    toBe(expected: unknown): Result;
    toBeCloseTo(expected: number, tolerance?: number): Result;
    toBeDefined(): Result;
    toBeFalsy(): Result;
    toBeGreaterThan(expected: number | bigint): Result;
    toBeGreaterThanOrEqual(expected: number | bigint): Result;
    toBeInstanceOf(expected: Constructor): Result;
    toBeLessThan(expected: number | bigint): Result;
    toBeLessThanOrEqual(expected: number | bigint): Result;
    toBeNaN(): Result;
    toBeNull(): Result;
    toBeTruthy(): Result;
    toBeUndefined(): Result;
    toContain(expected: unknown): Result;
    toContainEqual(expected: unknown): Result;
    toEqual(expected: unknown): Result;
    toHaveLength(expected: number): Result;
    toHaveProperty(name: string | readonly string[], value?: unknown): Result;
    toMatch(expected: string | RegExp): Result;
    toMatchObject(expected: object | readonly object[]): Result;
    toStrictEqual(expected: unknown): Result;
    toThrow(expected?: Thrown): Result;
  }
  export interface Expect {
    (value: unknown, customMessage?: string): Expected;
    any(type: unknown): unknown;
    anything(): unknown;
    arrayContaining(expected: readonly unknown[]): unknown;
    closeTo(expected: number, digits?: number): unknown;
    objectContaining(expected: Record<string, unknown>): unknown;
    stringContaining(expected: string): unknown;
    stringMatching(expected: string | RegExp): unknown;
  }
  export const expect: Expect;
}
