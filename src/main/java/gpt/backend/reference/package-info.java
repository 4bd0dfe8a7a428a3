/** The forward pass in double precision, plain: what the other backends are compared with. */
package gpt.backend.reference;
