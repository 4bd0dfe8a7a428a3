/** Completions of DataFrames on Apache Spark: {@link gpt.spark.Completions}. */
package gpt.spark;
