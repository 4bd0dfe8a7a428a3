// A server with OpenAI's streamed completions over llama.cpp, by the npm package node-llama-cpp: what
// benchmarks/gpt/server/ServerLoad.java is run against beside gpt serve.
//   npm install --prefix FOLDER node-llama-cpp
//   node benchmarks/llama/server.mjs FOLDER MODEL.gguf PORT SEQUENCES THREADS
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [folder, file, port, sequences, threads] = process.argv.slice(2);
const require = createRequire(path.resolve(folder, "package.json"));
const { getLlama, LlamaCompletion } = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);

const llama = await getLlama({ gpu: false, maxThreads: Number(threads), build: "never" });
const model = await llama.loadModel({ modelPath: path.resolve(file) });
const context = await model.createContext({
  sequences: Number(sequences), contextSize: 256, threads: Number(threads),
});
const free = Array.from({ length: Number(sequences) }, () => context.getSequence());
const waiting = [];

// A sequence for a request, as soon as there is one.
const take = () => free.length > 0 ? Promise.resolve(free.pop()) : new Promise((done) => waiting.push(done));
const give = (sequence) => (waiting.length > 0 ? waiting.shift()(sequence) : free.push(sequence));

createServer(async (request, response) => {
  let body = "";
  for await (const part of request) {
    body += part;
  }
  if (request.method !== "POST") {
    response.end("{}");
    return;
  }
  const { prompt, max_tokens: maxTokens, seed, temperature } = JSON.parse(body);
  const sequence = await take();
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const send = (event) => response.write("data: " + event + "\n\n");
  let tokens = 0;
  try {
    await sequence.clearHistory();
    const completion = new LlamaCompletion({ contextSequence: sequence });
    await completion.generateCompletion(prompt, {
      maxTokens, temperature, seed, topK: 200, topP: 1,
      onToken: (ids) => {
        tokens += ids.length;
        send(JSON.stringify({ choices: [{ index: 0, text: model.detokenize(ids) || " ", finish_reason: null }] }));
      },
    });
    send(JSON.stringify({ choices: [], usage: { completion_tokens: tokens } }));
    send("[DONE]");
    completion.dispose({ disposeSequence: false });
  } catch (error) {
    console.error(error);
  } finally {
    give(sequence);
    response.end();
  }
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
