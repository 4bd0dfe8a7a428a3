/** Finds models that a program carries on its class path. */
package gpt.load;
