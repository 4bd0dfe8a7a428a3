/** From logits to the next token: the chain's parameters, its random numbers, its reference. */
package gpt.sampling;
