/** What the commands print: texts, tables, JSON, CSV, progress bars; and the terminal. */
package gpt.cli.output;
