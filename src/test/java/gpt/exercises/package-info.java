/**
 * The solutions of the exercises in {@code src/exercises}: the same classes, with lines between
 * {@code // solution} and {@code // end} where those have {@code // your code}.
 */
package gpt.exercises;
