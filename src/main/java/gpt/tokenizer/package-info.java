/** Text to token ids and back: GPT-2's byte-level BPE and nanoGPT's characters. */
package gpt.tokenizer;
