// Times llama.cpp, by the npm package node-llama-cpp, in turn with this project's gpt bench:
//   node benchmarks/llama/peers.mjs FOLDER THREADS PROMPT TOKENS ROUNDS DTYPE=MODEL.gguf...
// scripts/bench-peers makes the models and calls it. Prints a row for each model and test: tokens per
// second of all rounds, and ratios: our slowest by the peer's fastest, and our fastest by its slowest.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [folder, threads, prompt, tokens, rounds, ...models] = process.argv.slice(2);
const require = createRequire(path.resolve(folder, "package.json"));
const { getLlama } = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);
const llama = await getLlama({ gpu: false, maxThreads: Number(threads), build: "never" });
const command = process.env.GPT ?? "scripts/gpt";

const ids = (count, size) => Array.from({ length: count }, (_, i) => (i * 7919 + 11) % size);

// Tokens per second of llama.cpp: { prompt, decode }.
async function peer(file) {
  const model = await llama.loadModel({ modelPath: path.resolve(file) });
  const context = await model.createContext({
    contextSize: Number(prompt) + Number(tokens) + 8, batchSize: 512, threads: Number(threads),
  });
  const sequence = context.getSequence();
  const size = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const result = { prompt: 0, decode: 0 };
  for (let round = 0; round < 2; round++) { // the first one warms up
    await sequence.clearHistory();
    let began = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(ids(Number(prompt), size));
    result.prompt = 1e3 * prompt / (performance.now() - began);
    await sequence.clearHistory();
    let count = 0;
    began = performance.now();
    for await (const token of sequence.evaluate([1], { temperature: 0, yieldEogToken: true })) {
      if (++count >= tokens || token === undefined) {
        break;
      }
    }
    result.decode = 1e3 * count / (performance.now() - began);
  }
  await context.dispose();
  await model.dispose();
  return result;
}

// Tokens per second of gpt bench: { prompt, decode }.
function ours(file, dtype) {
  const run = spawnSync(command, [
    "bench", "--model", file, "--dtype", dtype, "--device", "cpu", "-t", threads, "-p", prompt,
    "-n", tokens, "-r", "1", "-o", "jsonl", "-q",
  ], { encoding: "utf8" });
  if (run.status !== 0) {
    throw new Error(`gpt bench failed: ${run.stderr}`);
  }
  const rows = run.stdout.trim().split("\n").map((line) => JSON.parse(line));
  return {
    prompt: rows.find((row) => row.n_prompt > 0).avg_ts,
    decode: rows.find((row) => row.n_gen > 0).avg_ts,
  };
}

const list = (values) => values.map((value) => value.toFixed(value < 100 ? 1 : 0)).join(", ");
console.log("| weights | test | this project, tokens/s | llama.cpp, tokens/s | ratio |");
console.log("|---|---|--:|--:|--:|");
for (const each of models) {
  const dtype = each.slice(0, each.indexOf("="));
  const file = each.slice(dtype.length + 1);
  const all = [];
  for (let round = 0; round < rounds; round++) {
    all.push({ peer: await peer(file), ours: ours(file, dtype) });
  }
  for (const test of ["prompt", "decode"]) {
    const mine = all.map((round) => round.ours[test]);
    const theirs = all.map((round) => round.peer[test]);
    const low = Math.min(...mine) / Math.max(...theirs);
    const high = Math.max(...mine) / Math.min(...theirs);
    console.log(`| ${dtype}, ${path.basename(file)} | ${test} | ${list(mine)} | ${list(theirs)} | `
        + `${low.toFixed(2)}–${high.toFixed(2)} |`);
  }
}
await llama.dispose();
process.exit(0);
