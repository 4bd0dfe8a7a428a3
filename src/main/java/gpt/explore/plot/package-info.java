/**
 * What {@code --plot} writes, and the server's page: SVG and PNG pictures ({@link
 * gpt.explore.plot.Picture}) and HTML pages, whose templates and scripts are resources of this
 * package.
 *
 * <p>Internal: the public API is the package {@code gpt}. May import {@code explore} and what it
 * may import.
 */
package gpt.explore.plot;
