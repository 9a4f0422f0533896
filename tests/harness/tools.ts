/**
 * The programs that interop tests need, looked up once.
 *
 * @module
 */

/** A program of the Debian packages that `.ci/run` installs. */
export type Tool = "smbclient" | "smbd" | "smbtorture" | "tcpdump" | "tshark";

/** The Debian package that carries each tool, named in skip reasons. */
const PACKAGES: Readonly<Record<Tool, string>> = {
  smbclient: "smbclient",
  smbd: "samba",
  smbtorture: "samba-testsuite",
  tcpdump: "tcpdump",
  tshark: "tshark",
};

/** Debian keeps daemons and tcpdump where an ordinary user's PATH does not look. */
const FIXED_DIRECTORIES = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/local/bin"];

const found = new Map<Tool, string | undefined>();

/** The path of a tool, or undefined where it is not installed. */
export function findTool(tool: Tool): string | undefined {
  if (!found.has(tool)) found.set(tool, lookUp(tool));
  return found.get(tool);
}

/**
 * The path of a tool that the caller cannot do without.
 *
 * @throws {Deno.errors.NotFound} The tool is not installed; the message names the package.
 */
export function requireTool(tool: Tool): string {
  const path = findTool(tool);
  if (path === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot run ${tool}: it is not installed (Debian package ${PACKAGES[tool]})`,
    );
  }
  return path;
}

/** One line that says which tools are missing or may not do their work, or undefined where all are there. */
export function missingTools(tools: readonly Tool[]): string | undefined {
  const missing = tools.flatMap((tool) => {
    if (findTool(tool) === undefined) {
      return [`${tool} is not installed (Debian package ${PACKAGES[tool]})`];
    }
    return tool === "tcpdump" && !mayCapture() ? ["tcpdump may not capture here"] : [];
  });
  return missing.length === 0 ? undefined : missing.join(", ");
}

let captures: boolean | undefined;

/** Whether tcpdump may open the loopback interface, which takes root or CAP_NET_RAW. */
function mayCapture(): boolean {
  captures ??= new Deno.Command(requireTool("tcpdump"), {
    args: ["-i", "lo", "--list-data-link-types"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
  return captures;
}

/** What a finished program said. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; never throws for its exit code. */
export async function run(path: string, options: {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}): Promise<Finished> {
  const child = new Deno.Command(path, {
    args: [...options.args],
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  const output = child.output();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function lookUp(tool: Tool): string | undefined {
  const directories = [...(Deno.env.get("PATH") ?? "").split(":"), ...FIXED_DIRECTORIES];
  for (const directory of directories) {
    if (directory === "") continue;
    const path = `${directory}/${tool}`;
    if (isExecutable(path)) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    const info = Deno.statSync(path);
    return info.isFile && ((info.mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}
