package uk.ac.manchester.tornado.api.enums;

/** Rows, columns and depth of a tensor core's product. */
public enum MMAShape {
  /** 16 × 8 outputs of depth 16, halves. */
  M16N8K16
}
