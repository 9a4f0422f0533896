/**
 * Takes away from a worker's global scope what a scenario has no use for. Permissions are what holds a scenario; this
 * makes the refusal a sentence, and closes what permissions do not: nested workers, and code from text, whose
 * `import()` would go to the program's own module loader.
 */

/** Globals that a scenario does not get (`dispatchEvent` stays: Deno reports errors through it); calling or constructing them says why. */
const REFUSED = [
  "Worker",
  "SharedWorker",
  "eval",
  "Function",
  "fetch",
  "WebSocket",
  "WebSocketStream",
  "EventSource",
  "XMLHttpRequest",
  "BroadcastChannel",
  "prompt",
  "alert",
  "confirm",
  "close",
  "postMessage",
  "addEventListener",
  "removeEventListener",
  "importScripts",
  "WebAssembly",
];

/** Globals that are simply absent. */
const ABSENT = [
  "caches",
  "localStorage",
  "sessionStorage",
  "process",
  "global",
  "navigator",
  "onmessage",
  "name",
];

/** What the transport needs of `Deno`. */
const KEPT_OF_DENO = ["connect", "errors", "noColor", "inspect", "build", "version"];

/** Says no, in a sentence. */
function refusal(name: string): Error {
  return new Error(
    `Cannot use ${name}: a scenario reaches the SMB target, through "smbench", and nothing else`,
  );
}

/** Changes the global scope for good. */
export function lockDown(): void {
  const deno = Deno as unknown as Record<string | symbol, unknown>;
  for (const name of REFUSED) define(globalThis, name, refusing(name));
  for (const name of ABSENT) define(globalThis, name, undefined);
  // Every function's way to its constructor: `(() => {}).constructor`, also of async functions and generators.
  const kinds = [
    function () {},
    async function () {},
    function* () {},
    async function* () {},
  ];
  for (const kind of kinds) {
    define(Object.getPrototypeOf(kind), "constructor", refusing("Function"));
  }
  const kept = Object.fromEntries(KEPT_OF_DENO.map((key) => [key, deno[key]]));
  define(
    globalThis,
    "Deno",
    new Proxy(Object.freeze(kept), {
      get(target, key) {
        if (Object.hasOwn(target, key)) return target[key as string];
        // Libraries ask for what may be there, by symbol or to compare: only functions and objects would be used.
        if (typeof key === "symbol" || !(key in deno)) return undefined;
        throw refusal(`Deno.${key}`);
      },
    }),
  );
}

function refusing(name: string): unknown {
  // A plain function can be called and constructed; both are refused.
  return Object.defineProperty(
    function () {
      throw refusal(name);
    },
    "name",
    { value: name },
  );
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: false,
    configurable: false,
    enumerable: false,
  });
}
