import { assertEquals } from "@std/assert";
import { Names } from "./row_names.ts";

Deno.test("a name is a promise until the answer comes, then what it brought", async () => {
  const names = new Names<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  names.make("f1", promise);
  assertEquals([names.now("f1"), names.coming("f1") === promise], [undefined, true]);
  resolve("file");
  await promise;
  assertEquals([names.now("f1"), names.coming("f1")], ["file", undefined]);
});

Deno.test("a name whose thing was never made stands for nothing", async () => {
  const names = new Names<string>();
  const failing = Promise.reject(new Error("no"));
  names.make("f1", failing);
  await failing.catch(() => {});
  await Promise.resolve();
  assertEquals([names.now("f1"), names.coming("f1"), names.size], [undefined, undefined, 0]);
});

Deno.test("of things that have ended the latest are kept, of others all", () => {
  const names = new Names<number>();
  for (let i = 0; i < 1000; i++) names.set(`f${i}`, i);
  for (let i = 1; i < 1000; i++) names.end(`f${i}`);
  assertEquals(names.size, 65);
  assertEquals([names.now("f0"), names.now("f1"), names.now("f999")], [0, undefined, 999]);
});
