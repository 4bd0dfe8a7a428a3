/** Pictures of what the model and the sampling chain compute, as SVG, PNG or a page of HTML. */
package gpt.plot;
