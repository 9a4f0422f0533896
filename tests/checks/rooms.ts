/**
 * The rooms of the project and what each may import: design.md section 3 as data. The import check and the lint rule for
 * `Deno.*` read it; edit it only together with that section.
 *
 * @module
 */

/** A room: a folder that is entered through its `mod.ts`. */
export interface Room {
  /** The rooms whose `mod.ts` it may import; type-only imports count. */
  readonly imports: readonly RoomName[];
  /** Whether it may import the project's `mod.ts`. */
  readonly publicModule?: true;
  /** Whether `Deno.*` may appear in it, or in which of its subfolders. */
  readonly deno?: true | readonly string[];
}

export type RoomName =
  | "client"
  | "cli"
  | "compiler"
  | "measure"
  | "protocol"
  | "report"
  | "sandbox"
  | "schedule"
  | "script"
  | "security"
  | "server"
  | "store"
  | "transport"
  | "wire";

export const ROOMS: Readonly<Record<RoomName, Room>> = {
  wire: { imports: [] },
  store: { imports: [] },
  schedule: { imports: [] },
  measure: { imports: [] },
  transport: { imports: ["wire"], deno: true },
  security: { imports: ["wire"] },
  protocol: { imports: ["wire", "security"] },
  client: { imports: ["protocol", "transport", "wire"] },
  // Beyond design.md section 3: both engines share wire and security (house-style.md 3.3), and the server's
  // authenticates with the latter.
  server: { imports: ["protocol", "security", "store", "transport", "wire"] },
  // Beyond design.md section 3: wire, whose names (statuses, access masks, FSCTLs) the scripting API takes and gives.
  script: { imports: ["client", "schedule", "measure", "wire"] },
  // Beyond design.md section 3: the worker is where the transport, the clock and mod.ts (what a scenario imports) meet.
  sandbox: {
    imports: ["script", "client", "measure", "schedule", "transport"],
    publicModule: true,
    deno: true,
  },
  report: { imports: ["measure"] },
  compiler: { imports: ["wire", "security"], deno: ["capture"] },
  cli: {
    imports: [
      "client",
      "compiler",
      "measure",
      "protocol",
      "report",
      "sandbox",
      "schedule",
      "script",
      "security",
      "server",
      "store",
      "transport",
      "wire",
    ],
    deno: true,
  },
};

/** Where a file of the project lives. */
export type Place =
  | { readonly kind: "room"; readonly room: RoomName; readonly inside: string }
  | { readonly kind: "public" }
  | { readonly kind: "example" }
  | { readonly kind: "tests" }
  | { readonly kind: "unknown" };

/** The place of a file, from its path relative to the project's root. */
export function placeOf(path: string): Place {
  if (path === "mod.ts") return { kind: "public" };
  const [top, second, ...rest] = path.split("/");
  if (top === "examples") return { kind: "example" };
  if (top === "tests") return { kind: "tests" };
  if (top === "compiler") return { kind: "room", room: "compiler", inside: path.slice(9) };
  if (top === "runtime" && second !== undefined && isRoom(second) && second !== "compiler") {
    return { kind: "room", room: second, inside: rest.join("/") };
  }
  return { kind: "unknown" };
}

/** Whether a file is a test or benchmark that lies beside its source, or what such tests share (`testing.ts`). */
export function isTest(path: string): boolean {
  return /(_(test|bench|fuzz)|(^|\/)testing)\.ts$/.test(path);
}

/** Whether `Deno.*` may appear in a file. */
export function mayNameDeno(path: string): boolean {
  const place = placeOf(path);
  if (place.kind === "tests" || isTest(path)) return true;
  if (place.kind !== "room") return false;
  const { deno } = ROOMS[place.room];
  return deno === true || (deno ?? []).some((folder) => place.inside.startsWith(`${folder}/`));
}

function isRoom(name: string): name is RoomName {
  return Object.hasOwn(ROOMS, name);
}
