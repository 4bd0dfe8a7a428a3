package uk.ac.manchester.tornado.api.math;

/** Math functions for kernels; float results are computed in double precision and rounded. */
public class TornadoMath {

  /** The smaller one. */
  public static float min(float a, float b) {
    return Math.min(a, b);
  }

  /** The larger one. */
  public static float max(float a, float b) {
    return Math.max(a, b);
  }

  /** The absolute value. */
  public static float abs(float a) {
    return Math.abs(a);
  }

  /** The value, or the nearest one within the bounds. */
  public static float clamp(float val, float min, float max) {
    return Math.max(min, Math.min(max, val));
  }

  /** The smaller one. */
  public static double min(double a, double b) {
    return Math.min(a, b);
  }

  /** The larger one. */
  public static double max(double a, double b) {
    return Math.max(a, b);
  }

  /** The absolute value. */
  public static double abs(double a) {
    return Math.abs(a);
  }

  /** The value, or the nearest one within the bounds. */
  public static double clamp(double val, double min, double max) {
    return Math.max(min, Math.min(max, val));
  }

  /** The smaller one. */
  public static int min(int a, int b) {
    return Math.min(a, b);
  }

  /** The larger one. */
  public static int max(int a, int b) {
    return Math.max(a, b);
  }

  /** The absolute value. */
  public static int abs(int a) {
    return Math.abs(a);
  }

  /** The value, or the nearest one within the bounds. */
  public static int clamp(int val, int min, int max) {
    return Math.max(min, Math.min(max, val));
  }

  /** The smaller one. */
  public static long min(long a, long b) {
    return Math.min(a, b);
  }

  /** The larger one. */
  public static long max(long a, long b) {
    return Math.max(a, b);
  }

  /** The absolute value. */
  public static long abs(long a) {
    return Math.abs(a);
  }

  /** The value, or the nearest one within the bounds. */
  public static long clamp(long val, long min, long max) {
    return Math.max(min, Math.min(max, val));
  }

  /** e to this power. */
  public static float exp(float value) {
    return (float) Math.exp(value);
  }

  /** e to this power. */
  public static double exp(double value) {
    return Math.exp(value);
  }

  /** The square root. */
  public static float sqrt(float value) {
    return (float) Math.sqrt(value);
  }

  /** The square root. */
  public static double sqrt(double value) {
    return Math.sqrt(value);
  }

  /** Rounded down. */
  public static float floor(float value) {
    return (float) Math.floor(value);
  }

  /** Rounded down. */
  public static double floor(double value) {
    return Math.floor(value);
  }

  /** Rounded up. */
  public static float ceil(float value) {
    return (float) Math.ceil(value);
  }

  /** Rounded up. */
  public static double ceil(double value) {
    return Math.ceil(value);
  }

  /** The natural logarithm. */
  public static float log(float value) {
    return (float) Math.log(value);
  }

  /** The natural logarithm. */
  public static double log(double value) {
    return Math.log(value);
  }

  /** The hyperbolic tangent. */
  public static float tanh(float value) {
    return (float) Math.tanh(value);
  }

  /** The hyperbolic tangent. */
  public static double tanh(double value) {
    return Math.tanh(value);
  }

  /** The tangent. */
  public static float tan(float value) {
    return (float) Math.tan(value);
  }

  /** The tangent. */
  public static double tan(double value) {
    return Math.tan(value);
  }

  /** The sine. */
  public static float sin(float value) {
    return (float) Math.sin(value);
  }

  /** The sine. */
  public static double sin(double value) {
    return Math.sin(value);
  }

  /** The cosine. */
  public static float cos(float value) {
    return (float) Math.cos(value);
  }

  /** The cosine. */
  public static double cos(double value) {
    return Math.cos(value);
  }

  /** The arc tangent. */
  public static float atan(float value) {
    return (float) Math.atan(value);
  }

  /** The arc tangent. */
  public static double atan(double value) {
    return Math.atan(value);
  }

  /** The sign: -1, 0 or 1. */
  public static float signum(float value) {
    return Math.signum(value);
  }

  /** The sign: -1, 0 or 1. */
  public static double signum(double value) {
    return Math.signum(value);
  }

  /** The logarithm to base 2. */
  public static float log2(float value) {
    return (float) log2((double) value);
  }

  /** The logarithm to base 2. */
  public static double log2(double value) {
    return Math.log(value) / Math.log(2);
  }

  /** The part after the point. */
  public static float fract(float f) {
    return f - floor(f);
  }

  /** a to the power of b. */
  public static float pow(float a, float b) {
    return (float) Math.pow(a, b);
  }

  /** a to the power of b. */
  public static double pow(double a, double b) {
    return Math.pow(a, b);
  }

  /** The angle of the point (b, a). */
  public static float atan2(float a, float b) {
    return (float) Math.atan2(a, b);
  }

  /** The angle of the point (b, a). */
  public static double atan2(double a, double b) {
    return Math.atan2(a, b);
  }

  /** The nearest float to pi. */
  public static float floatPI() {
    return (float) Math.PI;
  }

  /** Pi. */
  public static double PI() {
    return Math.PI;
  }
}
