/**
 * The public API: {@link gpt.Gpt} loads a GPT-2 or nanoGPT model and continues texts with it. All
 * other packages are internal and may change at any time.
 */
package gpt;
