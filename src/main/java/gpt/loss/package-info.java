/** How well a model foretells a text: the cross-entropy of its tokens, window by window. */
package gpt.loss;
