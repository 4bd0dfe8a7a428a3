/** The loop that turns a prompt into text: prefill, sample, decode, until something ends it. */
package gpt.generate;
