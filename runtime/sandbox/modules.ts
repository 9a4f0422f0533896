/** Evaluates a scenario's modules: every import, static or dynamic, is answered here and nowhere else. */
import { SourceTextModule, SyntheticModule } from "node:vm";
import type { ScenarioFile } from "./messages.ts";
import { SCENARIO_SCHEME } from "./failure.ts";

interface VmModule {
  readonly namespace: Record<string, unknown>;
  link(linker: (specifier: string, referrer: VmModule) => VmModule): Promise<void>;
  evaluate(): Promise<unknown>;
  readonly identifier: string;
}

/** What scenarios may import beside their own files: name -> its exports. */
export type Packages = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Loads the files and evaluates the entry.
 *
 * @returns What the entry exports.
 * @throws What the scenario's top level throws, or an error that names an import which is not allowed.
 */
export async function evaluateModules(
  files: readonly ScenarioFile[],
  entry: string,
  packages: Packages,
): Promise<Readonly<Record<string, unknown>>> {
  const modules = new Map<string, VmModule>();
  for (const file of files) {
    modules.set(
      file.path,
      new SourceTextModule(file.code, {
        identifier: `${SCENARIO_SCHEME}${encodeURI(file.path)}`,
        importModuleDynamically: (specifier: string) => {
          throw new Error(
            `Cannot import ${
              JSON.stringify(specifier)
            } while running: a scenario names its imports at the top`,
          );
        },
        initializeImportMeta: (meta: ImportMeta) => {
          meta.main = file.path === entry;
        },
      }) as unknown as VmModule,
    );
  }
  for (const [name, exports] of Object.entries(packages)) {
    modules.set(`package ${name}`, packageModule(name, exports));
  }
  const byIdentifier = new Map(files.map((file) => [modules.get(file.path), file]));
  const main = modules.get(entry);
  if (main === undefined) throw new Error(`Cannot run ${entry}: it is not among the files`);
  await main.link((specifier, referrer) => {
    const own = byIdentifier.get(referrer)?.imports[specifier];
    const found = modules.get(own ?? `package ${specifier}`);
    if (found === undefined) throw new Error(`Cannot import ${JSON.stringify(specifier)}`);
    return found;
  });
  await main.evaluate();
  return main.namespace;
}

function packageModule(name: string, exports: Readonly<Record<string, unknown>>): VmModule {
  const names = Object.keys(exports);
  return new SyntheticModule(
    names,
    function (this: { setExport(name: string, value: unknown): void }) {
      for (const key of names) this.setExport(key, exports[key]);
    },
    { identifier: name },
  ) as unknown as VmModule;
}
