// The page's modules are joined to one script, so a name may be declared once in all of them.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const folder = new URL("../../main/resources/gpt/explore/plot/", import.meta.url);
const modules = readdirSync(folder).filter((name) => name.endsWith(".js"));
const source = (name) => readFileSync(new URL(name, folder), "utf8");

test("no name is declared in two modules", () => {
  const declared = new Map();
  for (const name of modules) {
    for (const [, word] of source(name).matchAll(/^(?:export )?(?:async )?(?:const|let|class|function) (\w+)/gm)) {
      const others = declared.get(word) ?? [];
      declared.set(word, [...others, name]);
    }
  }
  assert.deepEqual([...declared].filter(([, names]) => names.length > 1), []);
});

test("each import is on one line, of a name that the module exports", () => {
  for (const name of modules) {
    const text = source(name);
    const imports = [...text.matchAll(/^import \{ ([^}]+) \} from "\.\/(.+)";$/gm)];
    assert.equal(imports.length, [...text.matchAll(/^import/gm)].length, name);
    for (const [, words, other] of imports) {
      for (const word of words.split(", ")) {
        assert.match(source(other), new RegExp(`^export (?:async )?(?:const|let|class|function) ${word}\\b`, "m"), `${name}: ${word}`);
      }
    }
  }
});
