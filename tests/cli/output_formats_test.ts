/**
 * What a run writes for programs, read by the rules of its format: Prometheus' text, JUnit's XML, OTLP as JSON, CSV. Names of
 * the scenario have what these formats have a meaning for. (promtool and xmllint with a JUnit schema agreed, by hand.)
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { smbench } from "./harness.ts";

/** Names that no format may take for its own. */
const NAME = 'a <b> & "c" ]]> \\ {d="e"} 日本';
const CHECK = 'one "two", <three>\n=four \\ five';

interface Written {
  readonly prometheus: string;
  readonly junit: string;
  readonly csv: string;
  readonly otel: unknown;
}

let written: Promise<Written> | undefined;

/** The outputs of one run that differs and fails a threshold. */
function outputs(): Promise<Written> {
  return written ??= write();
}

async function write(): Promise<Written> {
  const folder = await Deno.makeTempDir({ prefix: "smbench-formats-" });
  const posted: unknown[] = [];
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      posted.push(await request.json());
      return new Response("{}");
    },
  );
  try {
    await Deno.writeTextFile(
      `${folder}/one.ts`,
      `import { scenario } from "smbench";
export default scenario({
  name: ${JSON.stringify(NAME)},
  load: { executor: "per-user-iterations", users: 2, iterations: 3 },
  thresholds: { "smb_op_duration{command:READ}": "p(99)<60000", smb_ops: "count<1" },
}, async ({ client, check }) => {
  const me = await client();
  check(${JSON.stringify(CHECK)}, false);
  await me.open("missing", { tag: '=1+1, "x"' }).outcome;
  await me.writeFile("=sum.txt", "hello");
  await me.readFile("=sum.txt");
});`,
    );
    const { code, err } = await smbench([
      ...["run", `${folder}/one.ts`, "--workers", "1", "--junit", `${folder}/junit`],
      ...["--out", `prometheus=${folder}/prometheus`, "--out", `csv=${folder}/csv`],
      ...["--out", `otel=http://127.0.0.1:${collector.addr.port}`],
    ]);
    assertEquals(code, 99, err);
    const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    return {
      prometheus: await read("prometheus"),
      junit: await read("junit"),
      csv: await read("csv"),
      otel: posted.at(-1),
    };
  } finally {
    await collector.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

const SAMPLE =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

Deno.test("Prometheus' text: each family has one head before its samples, and no series comes twice", async () => {
  const { prometheus } = await outputs();
  assert(prometheus.endsWith("\n"));
  const types = new Map<string, string>();
  const series = new Set<string>();
  let family = "";
  for (const line of prometheus.trimEnd().split("\n")) {
    const head = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (head !== null) {
      const [, kind, name = "", text = ""] = head;
      if (kind === "TYPE") {
        assert(!types.has(name), `${name} has two heads`);
        assertMatch(text, /^(counter|gauge|summary)$/);
        types.set(name, text);
      }
      family = name;
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert(sample !== null, line);
    const [, name = "", labels = "", value] = sample;
    assertEquals(name.replace(/_(sum|count)$/, ""), family.replace(/_(sum|count)$/, ""), line);
    const type = types.get(family);
    if (type === "counter") assert(name.endsWith("_total") && Number(value) >= 0, line);
    assertEquals(labels.includes("quantile="), type === "summary" && name === family, line);
    assert(!series.has(`${name}{${labels}}`), `${name}{${labels}} comes twice`);
    series.add(`${name}{${labels}}`);
  }
  const check = CHECK.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  assert(series.has(`smbench_checks_total{check="${check}",outcome="failed"}`));
  assert(series.has('smbench_operations_total{command="READ",outcome="matched"}'));
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

function decoded(text: string): string {
  const names: Readonly<Record<string, string>> = {
    lt: "<",
    gt: ">",
    amp: "&",
    quot: '"',
    apos: "'",
  };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) => {
    const character = code === undefined ? names[name] : String.fromCodePoint(Number(code));
    assert(character !== undefined, `&${name}; is no entity`);
    return character;
  });
}

/** XML without what JUnit's has no use for: comments, CDATA, namespaces. */
function parseXml(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const stack = [root];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  assert(body !== xml, "there is no declaration");
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(xml), "a character is none of XML's");
  for (
    const [all, text, close, name = "", given = "", empty] of body.matchAll(
      /([^<]+)|<\/([\w-]+)>|<([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|</g,
    )
  ) {
    const top = stack.at(-1)!;
    if (text !== undefined) {
      assert(!/&(?!(?:#\d+|\w+);)/.test(text) && !text.includes("]]>"), text);
      top.text += decoded(text);
    } else if (close !== undefined) {
      assertEquals(stack.pop()?.name, close);
    } else {
      assert(all !== "<", `the markup ends at ${body.slice(0, 200)}`);
      const pairs = [...given.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) =>
        [key, decoded(value)] as const
      );
      assertEquals(
        new Set(pairs.map(([key]) => key)).size,
        pairs.length,
        "an attribute comes twice",
      );
      const element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
      top.children.push(element);
      if (empty === "") stack.push(element);
    }
  }
  assertEquals(stack.length, 1, "an element is left open");
  return root;
}

Deno.test("JUnit: suites, cases and failures as Jenkins' schema has them, counted right", async () => {
  const { children: [suites] } = parseXml((await outputs()).junit);
  assertEquals(suites?.name, "testsuites");
  const [suite] = suites?.children ?? [];
  assertEquals([suite?.name, suite?.attributes.name], ["testsuite", NAME]);
  assertMatch(suite?.attributes.timestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
  const cases = suite?.children ?? [];
  assert(
    cases.every(({ name, attributes }) =>
      name === "testcase" && attributes.name !== undefined && attributes.classname !== undefined
    ),
  );
  const failed = cases.filter(({ children }) => children.length > 0);
  assert(failed.every(({ children }) =>
    children.length === 1 && children[0]?.name === "failure" &&
    children[0].attributes.message !== undefined
  ));
  for (const counts of [suites?.attributes, suite?.attributes]) {
    assertEquals([counts?.tests, counts?.failures, counts?.errors].map(Number), [
      cases.length,
      failed.length,
      0,
    ]);
  }
  const names = failed.map(({ attributes }) => attributes.name);
  assert(names.includes("run") && names.includes(CHECK) && names.includes("smb_ops count<1"));
});

/** Rows of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let at = 0;
  while (at < text.length) {
    const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/y;
    cell.lastIndex = at;
    const found = cell.exec(text);
    assert(found !== null, text.slice(at, at + 80));
    const [all, quoted, plain = "", end] = found;
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\n") rows.push([]);
    at += all.length;
  }
  assertEquals(rows.pop(), []);
  return rows;
}

Deno.test("CSV: as many cells in each row as in the head, and none that a spreadsheet would compute", async () => {
  const [head = [], ...rows] = parseCsv((await outputs()).csv);
  assertEquals(head.slice(0, 3), ["metric_name", "timestamp", "metric_value"]);
  for (const row of rows) {
    assertEquals(row.length, head.length);
    assert(Number.isFinite(Number(row[1])) && Number.isFinite(Number(row[2])), row.join());
    assert(row.slice(3).every((cell) => !/^[=+\-@]/.test(cell)), row.join());
  }
  const checks = rows.filter(([metric]) => metric === "checks");
  assertEquals(checks.map((row) => row[head.indexOf("check")]), Array(6).fill(CHECK));
  assert(rows.some((row) => row[head.indexOf("tag")] === '\'=1+1, "x"'));
});

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly dataPoints: DataPoint[] } & Readonly<Record<string, unknown>>;
  readonly summary?: { readonly dataPoints: DataPoint[] };
}

interface DataPoint extends Readonly<Record<string, unknown>> {
  readonly attributes: readonly { readonly key: string; readonly value: { stringValue: string } }[];
}

Deno.test("OTLP: metrics, points and attributes as its JSON form has them", async () => {
  // deno-lint-ignore no-explicit-any -- it is looked at member by member
  const request = (await outputs()).otel as any;
  assertEquals(Object.keys(request), ["resourceMetrics"]);
  const [{ resource, scopeMetrics: [{ scope, metrics }] }] = request.resourceMetrics;
  const about = Object.fromEntries(
    resource.attributes.map(({ key, value }: DataPoint["attributes"][number]) => [
      key,
      value.stringValue,
    ]),
  );
  assertEquals([about["service.name"], about["smbench.scenario"], scope.name], [
    "smbench",
    NAME,
    "smbench",
  ]);
  const digits = /^\d+$/;
  for (const { name, unit, sum, summary } of metrics as Metric[]) {
    assert(name.startsWith("smbench.") && unit !== "", name);
    assert((sum === undefined) !== (summary === undefined), `${name} is of one kind`);
    if (sum !== undefined) assertEquals([sum.aggregationTemporality, sum.isMonotonic], [2, true]);
    const series = new Set<string>();
    for (const point of (sum ?? summary)?.dataPoints ?? []) {
      assertMatch(String(point.startTimeUnixNano), digits);
      assertMatch(String(point.timeUnixNano), digits);
      assert(BigInt(String(point.startTimeUnixNano)) <= BigInt(String(point.timeUnixNano)));
      assertMatch(String(sum === undefined ? point.count : point.asInt), digits);
      const key = JSON.stringify(point.attributes);
      assert(!series.has(key), `${name} has two points for ${key}`);
      series.add(key);
    }
  }
});
