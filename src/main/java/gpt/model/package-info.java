/** What a GPT is: its shape, its weights, and what a device must do with them. */
package gpt.model;
